/* A mail server that takes everything and keeps nothing: one thread, epoll, PIPELINING and CHUNKING.
 *
 * sink [-p PORT] [-d MICROSECONDS] [-e no-pipelining|no-chunking] [-l LOG]
 *
 * Prints its port. With -d every octet is looked at that much later than it came, as on a line of that round trip.
 * With -l the recipient of each accepted message is a line of LOG, written before the client hears of it.
 * On SIGTERM prints: messages, octets of bodies, connections, seconds from the first to the last message, CPU seconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 2048, OUT_MAX = 1 << 16, READ_MAX = 1 << 18, EVENTS = 256 };
enum mode { COMMAND, BODY, CHUNK };

struct session {
    int fd;
    enum mode mode;
    int closing, broken, waiting;     /* waiting: parcels under way to it */
    int over;                         /* on the list of `gone` */
    struct session *next;
    int start_of_body;                /* nothing of the body has come: a dot may be its first octet */
    int last;                         /* the chunk ends the message */
    uint64_t left;                    /* octets of the chunk still to come */
    unsigned char tail[4];            /* the last octets of the body so far */
    int tails;
    int lines;                        /* octets in `line` */
    char line[LINE_MAX_OCTETS];
    char recipient[512];
    int outs;
    char out[OUT_MAX];
};

struct parcel {                       /* octets that have come and may not be looked at yet */
    struct parcel *next;
    struct session *to;
    uint64_t due;
    size_t size;                      /* 0: the client hung up */
    char octets[];
};

static uint64_t messages, octets, connections, first_at, last_at;
static uint64_t delay;
static struct parcel *head, **foot = &head;
static int poller, clock_fd;
static FILE *book;
static const char *hello = "250-sink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
                           "250-ENHANCEDSTATUSCODES\r\n250 SIZE 0\r\n";

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void flush(struct session *s)
{
    int done = 0;
    while (done < s->outs && !s->broken) {
        ssize_t n = send(s->fd, s->out + done, (size_t)(s->outs - done), MSG_NOSIGNAL);
        if (n > 0)
            done += (int)n;
        else if (errno == EAGAIN)     /* replies are short: a client that does not read them is of no use here */
            usleep(100);
        else if (errno != EINTR)
            s->broken = 1;
    }
    s->outs = 0;
}

static void say(struct session *s, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)s->outs + size > OUT_MAX)
        flush(s);
    memcpy(s->out + s->outs, text, size);
    s->outs += (int)size;
}

static void accepted(struct session *s)
{
    last_at = now();
    if (!messages++)
        first_at = last_at;
    if (book) {
        fprintf(book, "%s\n", s->recipient);
        fflush(book);
    }
    say(s, "250 2.0.0 taken\r\n");
    s->mode = COMMAND;
}

static int begins(const char *line, const char *verb)
{
    return strncasecmp(line, verb, strlen(verb)) == 0;
}

static void keep_recipient(struct session *s)
{
    char *from = strchr(s->line, '<'), *to = from ? strchr(from, '>') : NULL;
    size_t size = to ? (size_t)(to - from - 1) : 0;
    if (size >= sizeof s->recipient)
        size = sizeof s->recipient - 1;
    if (size)
        memcpy(s->recipient, from + 1, size);
    s->recipient[size] = 0;
}

static void command(struct session *s)
{
    const char *line = s->line;
    if (begins(line, "MAIL"))
        say(s, "250 2.1.0 ok\r\n");
    else if (begins(line, "RCPT")) {
        if (book)
            keep_recipient(s);
        say(s, "250 2.1.5 ok\r\n");
    } else if (begins(line, "BDAT")) {
        char *rest;
        s->left = strtoull(line + 4, &rest, 10);
        s->last = strcasestr(rest, "LAST") != NULL;
        s->mode = CHUNK;
    } else if (begins(line, "DATA")) {
        say(s, "354 go on\r\n");
        s->mode = BODY;
        s->start_of_body = 1;
        s->tails = 0;
    } else if (begins(line, "EHLO") || begins(line, "LHLO"))
        say(s, hello);
    else if (begins(line, "QUIT")) {
        say(s, "221 2.0.0 bye\r\n");
        s->closing = 1;
    } else if (begins(line, "RSET") || begins(line, "NOOP") || begins(line, "HELO"))
        say(s, "250 2.0.0 ok\r\n");
    else
        say(s, "500 5.5.2 what?\r\n");
}

/* The first place where a line begins with a dot, or NULL: 64 octets at a step, which compilers turn into vectors. */
__attribute__((optimize("O3"), target_clones("avx2", "default")))
static const char *dot_after_newline(const char *p, const char *end)
{
    while (end - p > 64) {
        unsigned char any = 0;
        for (int i = 0; i < 64; i++)
            any |= (unsigned char)((p[i] == '\n') & (p[i + 1] == '.'));
        if (any)
            break;
        p += 64;
    }
    for (; end - p > 1; p++)
        if (p[0] == '\n' && p[1] == '.')
            return p;
    return NULL;
}

static void remember(struct session *s, const char *p, size_t n)
{
    unsigned char joined[8];
    if (n >= 4) {
        memcpy(s->tail, p + n - 4, 4);
        s->tails = 4;
        return;
    }
    memcpy(joined, s->tail, (size_t)s->tails);
    memcpy(joined + s->tails, p, n);
    size_t all = (size_t)s->tails + n, keep = all < 4 ? all : 4;
    memcpy(s->tail, joined + all - keep, keep);
    s->tails = (int)keep;
}

/* How many of `n` octets belong to the body; sets *ended when its final dot is among them. */
static size_t body(struct session *s, const char *p, size_t n, int *ended)
{
    unsigned char seam[8];
    size_t before = (size_t)s->tails, some = n < 4 ? n : 4;
    *ended = 0;
    if (s->start_of_body && before + n >= 3) {          /* ".\r\n" at once: an empty message */
        memcpy(seam, s->tail, before);
        memcpy(seam + before, p, some);
        if (before < 3 && memcmp(seam, ".\r\n", 3) == 0) {
            *ended = 1;
            return 3 - before;
        }
        s->start_of_body = 0;
    }
    memcpy(seam, s->tail, before);                      /* the end may lie across two reads */
    memcpy(seam + before, p, some);
    for (size_t i = 0; i < before && i + 5 <= before + some; i++)
        if (memcmp(seam + i, "\r\n.\r\n", 5) == 0) {
            *ended = 1;
            return i + 5 - before;
        }
    for (const char *at = p, *end = p + n; (at = dot_after_newline(at, end)); at++)
        if (at > p && at + 4 <= end && at[-1] == '\r' && at[2] == '\r' && at[3] == '\n') {
            *ended = 1;
            return (size_t)(at + 4 - p);
        }
    remember(s, p, n);
    return n;
}

static void take(struct session *s, const char *p, size_t n)
{
    while (n && !s->closing) {
        size_t used = 0;
        if (s->mode == BODY) {
            int ended;
            used = body(s, p, n, &ended);
            octets += used;
            if (ended)
                accepted(s);
        } else if (s->mode == CHUNK) {
            used = n < s->left ? n : (size_t)s->left;
            s->left -= used;
            octets += used;
        } else {
            const char *newline = memchr(p, '\n', n);
            used = newline ? (size_t)(newline - p) + 1 : n;
            size_t room = sizeof s->line - 1 - (size_t)s->lines, copied = used < room ? used : room;
            memcpy(s->line + s->lines, p, copied);
            s->lines += (int)copied;
            if (newline) {
                s->line[s->lines] = 0;
                s->lines = 0;
                command(s);
            }
        }
        if (s->mode == CHUNK && s->left == 0) {
            if (s->last)
                accepted(s);
            else
                say(s, "250 2.0.0 more\r\n");
            s->mode = COMMAND;
        }
        p += used;
        n -= used;
    }
    if (s->outs)
        flush(s);
}

static struct session *gone;          /* freed after the round: a later event of the same round may still name them */

static void let_go(struct session *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (!s->waiting && !s->over) {
        s->over = 1;
        s->next = gone;
        gone = s;
    }
}

static void bury(void)
{
    while (gone) {
        struct session *s = gone;
        gone = s->next;
        free(s);
    }
}

static void set_clock(void)
{
    struct itimerspec t = {0};
    uint64_t at = head ? head->due : 0;
    t.it_value.tv_sec = (time_t)(at / 1000000000u);
    t.it_value.tv_nsec = (long)(at % 1000000000u);
    timerfd_settime(clock_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void post(struct session *s, const char *p, size_t n)
{
    struct parcel *one = malloc(sizeof *one + n);
    *one = (struct parcel){.to = s, .due = now() + delay, .size = n};
    memcpy(one->octets, p, n);
    s->waiting++;
    int idle = head == NULL;
    *foot = one;
    foot = &one->next;
    if (idle)
        set_clock();
}

static void deliver_post(void)
{
    uint64_t at = now();
    while (head && head->due <= at) {
        struct parcel *one = head;
        head = one->next;
        if (!head)
            foot = &head;
        struct session *s = one->to;
        s->waiting--;
        if (s->fd >= 0 && one->size)
            take(s, one->octets, one->size);
        if (!one->size || s->closing || s->broken)
            let_go(s);
        free(one);
    }
    set_clock();
}

static void on_readable(struct session *s)
{
    static char buffer[READ_MAX];
    if (s->fd < 0)
        return;
    ssize_t n = recv(s->fd, buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        epoll_ctl(poller, EPOLL_CTL_DEL, s->fd, NULL);
    if (delay) {
        post(s, buffer, n > 0 ? (size_t)n : 0);
        return;
    }
    if (n > 0)
        take(s, buffer, (size_t)n);
    if (n <= 0 || s->closing || s->broken)
        let_go(s);
}

static void welcome(int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct session *s = calloc(1, sizeof *s);
        s->fd = fd;
        connections++;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = s});
        say(s, "220 sink ESMTP\r\n");
        flush(s);
    }
}

static int listen_at(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, size) || listen(fd, 1024)) {
        perror("sink");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&at, &size);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void farewell(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    double cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
    printf("%llu %llu %llu %.6f %.6f\n", (unsigned long long)messages, (unsigned long long)octets,
           (unsigned long long)connections, (double)(last_at - first_at) / 1e9, cpu);
}

int main(int argc, char **argv)
{
    int option, port = 0;
    while ((option = getopt(argc, argv, "p:d:e:l:")) != -1) {
        if (option == 'p')
            port = atoi(optarg);
        else if (option == 'd')
            delay = strtoull(optarg, NULL, 10) * 1000;
        else if (option == 'l')
            book = fopen(optarg, "a");
        else if (option == 'e' && strcmp(optarg, "no-pipelining") == 0)
            hello = "250-sink\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 0\r\n";
        else if (option == 'e' && strcmp(optarg, "no-chunking") == 0)
            hello = "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 0\r\n";
        else
            return 2;
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int signals = signalfd(-1, &ends, 0), listener = listen_at(port);
    poller = epoll_create1(0);
    clock_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int *own[] = {&signals, &listener, &clock_fd};
    for (int i = 0; i < 3; i++)
        epoll_ctl(poller, EPOLL_CTL_ADD, *own[i], &(struct epoll_event){.events = EPOLLIN, .data.ptr = own[i]});
    for (struct epoll_event events[EVENTS];;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            void *what = events[i].data.ptr;
            if (what == &signals) {
                farewell();
                return 0;
            } else if (what == &listener)
                welcome(listener);
            else if (what == &clock_fd) {
                uint64_t ticks;
                if (read(clock_fd, &ticks, sizeof ticks) >= 0)
                    deliver_post();
            } else
                on_readable(what);
        }
        bury();
    }
}
