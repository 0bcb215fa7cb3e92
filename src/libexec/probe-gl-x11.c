/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The platforms of an X server: EGL on a window (gtk,gl=on) and GLX. */
#include <epoxy/gl.h>
#include <epoxy/glx.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include "probe-gl.h"

/* The code of the first X error; Xlib would end the process instead of letting the call fail. */
static int x_error;

static int on_x_error(Display *display, XErrorEvent *event)
{
    if (x_error == 0)
        x_error = event->error_code;
    return 0;
}

static Display *open_display(GlPlatform *platform)
{
    const char *name = g_getenv("DISPLAY");
    platform->node = g_strdup(name);
    if (name == NULL || *name == '\0') {
        probe_fail(platform, "DISPLAY is not set");
        return NULL;
    }
    Display *display = XOpenDisplay(NULL);
    if (display == NULL) {
        probe_fail(platform, "XOpenDisplay: the X server refuses or does not answer");
        return NULL;
    }
    XSetErrorHandler(on_x_error);
    return display;
}

/* Whether the X server objected to anything so far. */
static gboolean server_objects(GlPlatform *platform, Display *display, const char *call)
{
    XSync(display, False);
    if (x_error == 0)
        return FALSE;
    char text[128];
    XGetErrorText(display, x_error, text, sizeof text);
    probe_fail(platform, "%s: X error %s", call, text);
    return TRUE;
}

/* A window that is never shown, with the visual that @egl's configuration needs. */
static Window make_window(Display *display, const EglProbe *egl)
{
    XVisualInfo pattern = { 0 };
    EGLint id = 0;
    int count = 0;
    eglGetConfigAttrib(egl->display, egl->config, EGL_NATIVE_VISUAL_ID, &id);
    pattern.visualid = (VisualID)id;
    XVisualInfo *info = XGetVisualInfo(display, VisualIDMask, &pattern, &count);
    if (info == NULL)
        return XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 64, 64, 0, 0, 0);

    XSetWindowAttributes attributes = {
        .colormap = XCreateColormap(display, DefaultRootWindow(display), info->visual, AllocNone)
    };
    return XCreateWindow(display, DefaultRootWindow(display), 0, 0, 64, 64, 0, info->depth,
                         InputOutput, info->visual, CWBorderPixel | CWColormap, &attributes);
}

void probe_x11(GlPlatform *platform)
{
    platform->kind = GL_PLATFORM_X11;
    Display *display = open_display(platform);
    EglProbe egl = { .surface_bit = EGL_WINDOW_BIT };
    if (display == NULL ||
        !probe_egl_open(platform, &egl, EGL_PLATFORM_X11_KHR, "EGL_KHR_platform_x11", display))
        return;

    Window window = make_window(display, &egl);
    if (server_objects(platform, display, "XCreateWindow"))
        return;
    EGLSurface surface =
        eglCreateWindowSurface(egl.display, egl.config, (EGLNativeWindowType)window, NULL);
    if (surface == EGL_NO_SURFACE) {
        probe_fail(platform, "eglCreateWindowSurface failed");
        return;
    }
    probe_egl_context(platform, &egl, surface);
}

static GLXContext make_glx_context(Display *display, int screen, GLXFBConfig config, int profile)
{
    const int core[] = { GLX_CONTEXT_MAJOR_VERSION_ARB,
                         3,
                         GLX_CONTEXT_MINOR_VERSION_ARB,
                         2,
                         GLX_CONTEXT_PROFILE_MASK_ARB,
                         profile,
                         None };
    const int es2[] = { GLX_CONTEXT_MAJOR_VERSION_ARB, 2, GLX_CONTEXT_PROFILE_MASK_ARB, profile,
                        None };
    const char *extension = profile == GLX_CONTEXT_CORE_PROFILE_BIT_ARB
                                ? "GLX_ARB_create_context_profile"
                                : "GLX_EXT_create_context_es2_profile";
    if (!epoxy_has_glx_extension(display, screen, extension))
        return NULL;
    return glXCreateContextAttribsARB(display, config, NULL, True,
                                      profile == GLX_CONTEXT_CORE_PROFILE_BIT_ARB ? core : es2);
}

static void probe_glx_context(GlPlatform *platform, Display *display, GLXFBConfig config)
{
    static const int size[] = { GLX_PBUFFER_WIDTH, 64, GLX_PBUFFER_HEIGHT, 64, None };
    int screen = DefaultScreen(display);
    GLXPbuffer drawable = glXCreatePbuffer(display, config, size);
    GLXContext context =
        make_glx_context(display, screen, config, GLX_CONTEXT_CORE_PROFILE_BIT_ARB);
    if (server_objects(platform, display, "glXCreateContextAttribs"))
        return;
    if (context == NULL || !glXMakeContextCurrent(display, drawable, drawable, context)) {
        probe_fail(platform, "%s failed",
                   context == NULL ? "glXCreateContextAttribs" : "glXMakeContextCurrent");
        return;
    }
    if (server_objects(platform, display, "glXMakeContextCurrent"))
        return;
    platform->works = TRUE;
    probe_read_strings(platform);
    platform->es =
        make_glx_context(display, screen, config, GLX_CONTEXT_ES2_PROFILE_BIT_EXT) != NULL;
}

void probe_glx(GlPlatform *platform)
{
    static const int wanted[] = { GLX_DRAWABLE_TYPE, GLX_PBUFFER_BIT, GLX_RENDER_TYPE, GLX_RGBA_BIT,
                                  None };
    platform->kind = GL_PLATFORM_GLX;
    Display *display = open_display(platform);
    if (display == NULL)
        return;
    if (!epoxy_has_glx(display)) {
        probe_fail(platform, "the X server offers no GLX");
        return;
    }
    int count = 0;
    GLXFBConfig *configs = glXChooseFBConfig(display, DefaultScreen(display), wanted, &count);
    if (configs == NULL || count == 0)
        probe_fail(platform, "glXChooseFBConfig: no configuration for OpenGL");
    else
        probe_glx_context(platform, display, configs[0]);
}
