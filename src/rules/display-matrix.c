/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/display-matrix.h"

#include <string.h>

#include "rules/display-situation.h"

const char *const display_words[] = { "auto",      "none", "gtk", "sdl",      "spice",
                                      "spice-app", "vnc",  "web", "qemu-vnc", NULL };

gboolean display_takes_address(int display)
{
    return display == DISPLAY_VNC || display == DISPLAY_QEMU_VNC || display == DISPLAY_SPICE;
}

DisplayAddressKind display_address_kind(int display)
{
    return display == DISPLAY_VNC        ? DISPLAY_ADDRESS_VNC
           : display == DISPLAY_QEMU_VNC ? DISPLAY_ADDRESS_QEMU_VNC
                                         : DISPLAY_ADDRESS_PORT;
}

void display_answer_free(DisplayAnswer *answer)
{
    if (answer == NULL)
        return;
    for (guint i = 0; answer->options != NULL && i < answer->options->len; i++)
        record_free(&plan_option_type, answer->options->pdata[i]);
    g_clear_pointer(&answer->options, g_ptr_array_unref);
    record_free(&plan_server_type, answer->server);
    g_free(answer->render_node);
    g_free(answer->name);
    g_free(answer->reason);
    g_free(answer->watch);
    g_free(answer->note);
    g_free(answer->refusal);
    g_free(answer->instead);
    g_free(answer);
}

/* Why option @i of @row is there; those beside the one that the row is about have their own. */
static char *option_reason(const DisplaySituation *situation, const DisplayRow *row, guint i)
{
    if (row->options[2] != NULL && g_str_equal(row->options[i + 1], "none"))
        return g_strdup("no window beside the server");
    if (row->server == SERVER_RFB && g_str_equal(row->options[i], "-vnc"))
        return g_strdup("where our server takes the copy from");
    return display_situation_expand(situation, row->reason);
}

static void add_options(DisplayAnswer *answer, const DisplaySituation *situation,
                        const DisplayRow *row)
{
    for (guint i = 0; i < G_N_ELEMENTS(row->options) && row->options[i] != NULL; i += 2) {
        PlanOption *option = record_new(&plan_option_type);
        option->name = g_strdup(row->options[i]);
        option->value = display_situation_expand(situation, row->options[i + 1]);
        option->reason = option_reason(situation, row, i);
        g_ptr_array_add(answer->options, option);
    }
}

/* Whether an option of the row names the render node. */
static gboolean uses_node(const DisplayRow *row)
{
    for (guint i = 1; i < G_N_ELEMENTS(row->options) && row->options[i] != NULL; i += 2)
        if (strstr(row->options[i], "{node-option}") != NULL)
            return TRUE;
    return FALSE;
}

/* What is said beside a working row: its own note, and that no GPU draws. Owned; NULL. */
static char *compose_note(const DisplaySituation *situation, const DisplayRow *row)
{
    g_autofree char *own = display_situation_expand(situation, row->note);
    gboolean gl = situation->console == CONSOLE_TEXTURE || situation->console == CONSOLE_DMABUF;
    const GlPlatform *platform = uses_node(row) ? situation->node_gl : situation->window;
    if (!gl || platform == NULL || !platform->software)
        return g_steal_pointer(&own);
    const char *why = situation->no_device ? situation->node_why : NULL;
    return g_strdup_printf("OpenGL is drawn by the processor of this host (%s)%s%s%s%s",
                           platform->renderer != NULL ? platform->renderer : "unnamed",
                           why != NULL ? ": " : "", why != NULL ? why : "", own != NULL ? "; " : "",
                           own != NULL ? own : "");
}

/* Our server, as the row has it. NULL: it has none. */
static PlanServer *make_server(const DisplaySituation *situation, const DisplayRow *row)
{
    if (row->server == SERVER_NONE)
        return NULL;
    const DisplayAddress *address = &situation->address;
    PlanServer *server = record_new(&plan_server_type);
    server->source = row->server;
    if (row->server == SERVER_AUTO || (row->server == SERVER_DBUS && uses_node(row)))
        server->node = display_situation_expand(situation, "{node}");
    server->socket = address->path != NULL ? plan_escape(address->path) : NULL;
    server->host = g_strdup(address->host);
    server->port = address->port;
    server->web = situation->display == DISPLAY_WEB;
    return server;
}

static void accept(DisplayAnswer *answer, const DisplaySituation *situation, const DisplayRow *row)
{
    answer->works = TRUE;
    answer->screenshot = row->screenshot;
    answer->needs_credential = situation->tcp;
    answer->name = display_situation_expand(situation, row->name);
    if (situation->display != DISPLAY_WEB) /* where its page is, is known when it is served */
        answer->watch = display_situation_expand(situation, row->watch);
    answer->server = make_server(situation, row);
    answer->note = compose_note(situation, row);
    if (uses_node(row))
        answer->render_node = display_situation_expand(situation, "{node}");
    answer->reason = display_situation_expand(situation, row->reason);
    add_options(answer, situation, row);
}

/* The verdict on one kind of display, without an alternative. */
static DisplayAnswer *judge(const DisplayQuestion *question, int display)
{
    DisplayAnswer *answer = g_new0(DisplayAnswer, 1);
    answer->display = display;
    answer->options = g_ptr_array_new();
    if (question->facts->qemu == NULL) {
        answer->refusal =
            g_strdup(question->facts->qemu_failure != NULL ? question->facts->qemu_failure
                                                           : "no QEMU was found");
        return answer;
    }
    g_autoptr(GError) error = NULL;
    g_auto(DisplaySituation) situation = { NULL };
    if (!display_situation_init(&situation, question, display, &error)) {
        answer->refusal = g_strdup(error->message);
        return answer;
    }
    const DisplayRow *row = display_row_find(&situation);
    if (row->name != NULL)
        accept(answer, &situation, row);
    else
        answer->refusal = display_situation_expand(&situation, row->reason);
    return answer;
}

/*
 * What `auto` tries, best first: a window where there is a local screen, else our server on a
 * private socket. A forwarded X display is no local screen: every frame would cross the network
 * raw.
 */
static const int with_screen[] = { DISPLAY_GTK, DISPLAY_SDL, DISPLAY_VNC, DISPLAY_SPICE,
                                   DISPLAY_NONE };
static const int without_screen[] = { DISPLAY_VNC, DISPLAY_SPICE, DISPLAY_NONE };

/* Adds the reason of one more kind to why none works; kinds often fail for the same one. */
static void add_refusal(GString *all, const char *refusal)
{
    if (strstr(all->str, refusal) == NULL)
        g_string_append_printf(all, "%s%s", all->len > 0 ? "; " : "", refusal);
}

static DisplayAnswer *choose(const DisplayQuestion *asked)
{
    const ScreenFacts *screen = asked->facts->screen;
    gboolean local =
        screen != NULL && (screen->kind == SCREEN_X11 || screen->kind == SCREEN_WAYLAND);
    const int *order = local ? with_screen : without_screen;
    guint length = local ? G_N_ELEMENTS(with_screen) : G_N_ELEMENTS(without_screen);
    DisplayQuestion question = *asked;
    question.address = NULL;
    g_autoptr(GString) refusals = g_string_new(NULL);
    for (guint i = 0; i < length; i++) {
        g_autoptr(DisplayAnswer) answer = judge(&question, order[i]);
        if (answer->works)
            return g_steal_pointer(&answer);
        add_refusal(refusals, answer->refusal);
    }
    DisplayAnswer *answer = g_new0(DisplayAnswer, 1);
    answer->options = g_ptr_array_new();
    answer->refusal = g_string_free(g_steal_pointer(&refusals), FALSE);
    return answer;
}

static DisplayAnswer *answer_for(const DisplayQuestion *question)
{
    return question->display == DISPLAY_AUTO ? choose(question)
                                             : judge(question, question->display);
}

/* Whether @question is answered by a display that can be seen. */
static gboolean shows(const DisplayQuestion *question)
{
    g_autoptr(DisplayAnswer) answer = answer_for(question);
    return answer->works && answer->display != DISPLAY_NONE;
}

/* The nearest wish that works: the same display without its address, any other display for this
 * vGPU, then the plain virtio-gpu, which every display can show. Owned; NULL when nothing does. */
static char *find_instead(const DisplayQuestion *question)
{
    static const VgpuDevice plain = { .console = CONSOLE_2D };
    DisplayQuestion other = *question;
    other.address = NULL;
    const int order[] = { question->display, DISPLAY_GTK,      DISPLAY_SDL,
                          DISPLAY_VNC,       DISPLAY_QEMU_VNC, DISPLAY_SPICE };
    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        other.display = order[i];
        if (shows(&other))
            return g_strdup_printf("--display %s", display_words[order[i]]);
    }
    other.vgpu = &plain;
    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        other.display = order[i];
        if (shows(&other))
            return g_strdup_printf("--vgpu 2d --display %s", display_words[order[i]]);
    }
    other = (DisplayQuestion){ .display = DISPLAY_NONE,
                               .vgpu = question->vgpu,
                               .facts = question->facts };
    g_autoptr(DisplayAnswer) none = judge(&other, DISPLAY_NONE);
    return none->works ? g_strdup("--display none") : NULL;
}

DisplayAnswer *display_matrix_ask(const DisplayQuestion *question)
{
    DisplayAnswer *answer = answer_for(question);
    if (!answer->works)
        answer->instead = find_instead(question);
    return answer;
}
