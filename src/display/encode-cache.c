/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/encode-cache.h"

#include <string.h>

#include "display/deflate.h"

/* All that makes a difference to the bytes, without gaps: it is compared as bytes. */
typedef struct {
    guint64 serial;
    Rect rect;
    int kind, level, quality;
    gboolean subsampled, gradient, stream_start;
    guint8 format[PIXEL_FORMAT_WIRE_BYTES];
} Key;
G_STATIC_ASSERT(sizeof(Key) == 8 + 4 * 4 + 6 * 4 + PIXEL_FORMAT_WIRE_BYTES);

typedef struct {
    Key key;
    guint references; /* the table's, and one of each who waits; all under the lock */
    GBytes *bytes;    /* NULL while it is made */
    EncodeResult result;
} Entry;

struct EncodeCache {
    GMutex lock;
    GCond made;
    GHashTable *entries; /* Key of an Entry -> Entry, owned */
    GQueue order;        /* of finished ones, borrowed, the oldest first */
    gsize held, limit;
    guint64 newest, second_newest; /* serials */
};

static guint key_hash(gconstpointer data)
{
    const Key *key = data;
    guint hash = 5381;
    for (gsize i = 0; i < sizeof *key; i++)
        hash = hash * 33 + ((const guint8 *)key)[i];
    return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(Key)) == 0;
}

static void entry_unref(gpointer data)
{
    Entry *entry = data;
    if (--entry->references > 0)
        return;
    g_clear_pointer(&entry->bytes, g_bytes_unref);
    g_free(entry);
}

EncodeCache *encode_cache_new(gsize limit_bytes)
{
    EncodeCache *cache = g_new0(EncodeCache, 1);
    g_mutex_init(&cache->lock);
    g_cond_init(&cache->made);
    g_queue_init(&cache->order);
    cache->entries = g_hash_table_new_full(key_hash, key_equal, NULL, entry_unref);
    cache->limit = limit_bytes;
    return cache;
}

void encode_cache_free(EncodeCache *cache)
{
    if (cache == NULL)
        return;
    g_queue_clear(&cache->order);
    g_hash_table_unref(cache->entries);
    g_cond_clear(&cache->made);
    g_mutex_clear(&cache->lock);
    g_free(cache);
}

/* What makes no difference to the bytes shall make none to who shares them. */
static Key make_key(const EncodeSettings *settings, guint64 serial, Rect rect)
{
    const gboolean raw = settings->kind == ENCODE_RAW, tight = settings->kind == ENCODE_TIGHT;
    Key key = {
        .serial = serial,
        .rect = rect,
        .kind = settings->kind,
        .level = raw || settings->level <= DEFLATE_OWN_LEVEL ? 0 : settings->level,
        .quality = tight ? settings->quality : 0,
        .subsampled = tight && settings->quality > 0 && settings->subsampled,
        .gradient = tight && settings->gradient,
        .stream_start = settings->kind == ENCODE_ZRLE && settings->stream_start,
    };
    pixel_format_write(&settings->format, key.format);
    return key;
}

static gsize entry_bytes(const Entry *entry)
{
    return g_bytes_get_size(entry->bytes) + sizeof *entry;
}

/* Of three frames the oldest is nobody's: viewers are told the newest one. */
static void drop_old(EncodeCache *cache)
{
    Entry *oldest;
    while ((oldest = g_queue_peek_head(&cache->order)) != NULL &&
           (cache->held > cache->limit || oldest->key.serial < cache->second_newest)) {
        g_queue_pop_head(&cache->order);
        cache->held -= entry_bytes(oldest);
        g_hash_table_remove(cache->entries, &oldest->key);
    }
}

static Entry *add_entry(EncodeCache *cache, const Key *key)
{
    Entry *entry = g_new0(Entry, 1);
    entry->key = *key;
    entry->references = 1;
    g_hash_table_insert(cache->entries, &entry->key, entry);
    if (key->serial > cache->newest) {
        cache->second_newest = cache->newest;
        cache->newest = key->serial;
        drop_old(cache);
    }
    return entry;
}

static void make(EncodeCache *cache, Entry *entry, const EncodeSettings *settings,
                 const Frame *frame)
{
    GByteArray *out = g_byte_array_new();
    g_mutex_unlock(&cache->lock);
    EncodeResult result = encode_rect(settings, frame, entry->key.rect, out);
    GBytes *bytes = g_byte_array_free_to_bytes(out);
    g_mutex_lock(&cache->lock);
    entry->bytes = bytes;
    entry->result = result;
    cache->held += entry_bytes(entry);
    g_queue_push_tail(&cache->order, entry);
    g_cond_broadcast(&cache->made);
}

GBytes *encode_cached(EncodeCache *cache, const EncodeSettings *settings, const Frame *frame,
                      guint64 serial, Rect rect, EncodeResult *ret_result)
{
    const Key key = make_key(settings, serial, rect);
    g_mutex_lock(&cache->lock);
    Entry *entry = g_hash_table_lookup(cache->entries, &key);
    gboolean mine = entry == NULL;
    if (mine)
        entry = add_entry(cache, &key);
    entry->references++;
    if (mine)
        make(cache, entry, settings, frame);
    while (entry->bytes == NULL)
        g_cond_wait(&cache->made, &cache->lock);
    GBytes *bytes = g_bytes_ref(entry->bytes);
    *ret_result = entry->result;
    if (mine)
        drop_old(cache);
    entry_unref(entry);
    g_mutex_unlock(&cache->lock);
    return bytes;
}
