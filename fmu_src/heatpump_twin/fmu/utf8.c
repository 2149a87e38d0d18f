#include "utf8.h"

bool is_utf8(const char *string) {
    for (const unsigned char *c = (const unsigned char *)string; *c;) {
        unsigned code = *c++;
        if (code < 0x80) continue;
        int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : 1;
        static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
        if (code < 0xC2 || code > 0xF4) return false;
        code &= 0x3Fu >> more;
        for (int i = 0; i < more; i++, c++) {
            if ((*c & 0xC0) != 0x80) return false;
            code = code << 6 | (*c & 0x3F);
        }
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return false;
    }
    return true;
}
