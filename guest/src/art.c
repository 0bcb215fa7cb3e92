/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "art.h"

const ArtGlyph *art_glyph(const ArtFace *face, char character)
{
    if (character < ART_FIRST_CHARACTER || character > ART_LAST_CHARACTER)
        character = '?';
    return &face->glyphs[character - ART_FIRST_CHARACTER];
}

int art_text_width(const ArtFace *face, const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += art_glyph(face, *text)->advance;
    return width;
}
