# Script half of pic_embed: IN -> OUT, a C file that defines SYMBOL and SYMBOL_size.
file(READ ${IN} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n    " hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "#include <stddef.h>\n\nextern const unsigned char ${SYMBOL}[];\nextern const size_t ${SYMBOL}_size;\n\nconst unsigned char ${SYMBOL}[] = {\n    ${bytes}0x00};\nconst size_t ${SYMBOL}_size = ${size};\n")
