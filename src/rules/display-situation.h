/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One question to the display matrix, with all that its rows need worked out. */
#pragma once

#include "rules/display-rows.h"

/* FALSE with @error for an address that cannot be understood. @display is the kind to judge. */
gboolean display_situation_init(DisplaySituation *situation, const DisplayQuestion *question,
                                int display, GError **error);
void display_situation_clear(DisplaySituation *situation);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DisplaySituation, display_situation_clear)

/* @template with the words of display-rows.h replaced; NULL for NULL. Owned. */
char *display_situation_expand(const DisplaySituation *situation, const char *template);
