/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices as people name them, for commands that speak mdevctl's language. */
#pragma once

#include "base/root.h"

/* The name of a parent: that of one that is here or has definitions, when @word means it
 * ("00:02.0", letters in any case); else @word, with the PCI domain where it is an address without
 * one. Owned; NULL for NULL. */
char *mdev_parent_word(const Root *root, const char *word);

/* The type of @parent that @word means ("V5_4"), else @word. Owned; NULL for NULL. */
char *mdev_type_word(const Root *root, const char *parent, const char *word);
