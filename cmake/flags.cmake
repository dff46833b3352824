# Warnings, hardening and sanitizers, the same for every room.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wcast-qual -Wnull-dereference -Werror
  -fno-strict-aliasing)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wlogical-op -Wduplicated-branches)
endif()

set(PIC_SANITIZE "" CACHE STRING "Comma-separated sanitizers")
if(PIC_SANITIZE)
  add_compile_options(-fsanitize=${PIC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  string(REPLACE "fuzzer-no-link," "" PIC_SANITIZE_LINK "${PIC_SANITIZE}")
  add_link_options(-fsanitize=${PIC_SANITIZE_LINK})
  # GCC's flow warnings misfire once the sanitizers have rewritten the code.
  add_compile_options(-Wno-null-dereference)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-format-truncation)
  endif()
else()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
