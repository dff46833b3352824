# pic_embed(TARGET FILE...): turn each FILE into a const byte array compiled into TARGET.
# FILE "rules.csv" in folder schema/dictionary becomes the symbol pic_embedded_rules_csv, with
# pic_embedded_rules_csv_size; a zero byte follows the last one so that text can be used as it is.
function(pic_embed target)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER "${name}" symbol)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.c)
    add_custom_command(
      OUTPUT ${out}
      COMMAND ${CMAKE_COMMAND} -DIN=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUT=${out}
              -DSYMBOL=pic_embedded_${symbol} -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake)
    target_sources(${target} PRIVATE ${out})
  endforeach()
endfunction()
