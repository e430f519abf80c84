/* A backend that costs next to nothing: one thread, epoll, canned answers by path.
   An Upgrade becomes an echo. /tiny 12 bytes, /10k, /1m, /chunked (three chunks), /post (reads Content-Length, answers ok). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fcntl.h>

struct conn { int fd, echo; long skip; size_t have; const char *out; size_t left; char buf[16384]; };
static char *tiny, *k10, *m1, *chunked;
static size_t ntiny, nk10, nm1, nchunked;

static const char *switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
  "Connection: Upgrade\r\n\r\n";

static char *answer(size_t body, size_t *total) {
  char *p = malloc(body + 256);
  int head = sprintf(p, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
    "Date: Tue, 24 Nov 2026 00:00:00 GMT\r\nServer: bench\r\n\r\n", body);
  memset(p + head, 'x', body);
  *total = head + body;
  return p;
}

static int flush(struct conn *c, int ep) {
  while (c->left) {
    ssize_t n = send(c->fd, c->out, c->left, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return -1;
      struct epoll_event e = {EPOLLOUT, {.ptr = c}};
      epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
      return 1;
    }
    c->out += n; c->left -= n;
  }
  return 0;
}

static int handle(struct conn *c, int ep) {
  for (;;) {
    if (c->left) { int r = flush(c, ep); if (r) return r; }
    if (c->echo) {
      ssize_t n = c->have ? send(c->fd, c->buf, c->have, MSG_NOSIGNAL) : 0;
      if (n != (ssize_t)c->have) return -1;
      c->have = 0;
      return 0;
    }
    if (c->skip > 0) {
      size_t n = c->have < (size_t)c->skip ? c->have : (size_t)c->skip;
      memmove(c->buf, c->buf + n, c->have - n);
      c->have -= n; c->skip -= n;
      if (c->skip) return 0;
      c->out = tiny; c->left = ntiny; c->skip = 0;
      continue;
    }
    c->buf[c->have] = 0;
    char *end = strstr(c->buf, "\r\n\r\n");
    if (!end) return 0;
    *end = 0;
    const char *path = strchr(c->buf, ' ');
    char *cl = strcasestr(c->buf, "\r\nContent-Length:");
    int upgrade = strcasestr(c->buf, "\r\nUpgrade:") != NULL;
    long length = cl ? atol(cl + 17) : 0;
    if (path && !strncmp(path, " /10k", 5)) { c->out = k10; c->left = nk10; }
    else if (path && !strncmp(path, " /1m", 4)) { c->out = m1; c->left = nm1; }
    else if (path && !strncmp(path, " /chunked", 9)) { c->out = chunked; c->left = nchunked; }
    else if (upgrade) { c->out = switched; c->left = strlen(switched); c->echo = 1; }
    else if (!length) { c->out = tiny; c->left = ntiny; }
    size_t used = end + 4 - c->buf;
    memmove(c->buf, c->buf + used, c->have - used);
    c->have -= used;
    c->skip = length;
  }
}

int main(int argc, char **argv) {
  int port = argc > 1 ? atoi(argv[1]) : 9000, one = 1;
  tiny = answer(12, &ntiny); k10 = answer(10240, &nk10); m1 = answer(1 << 20, &nm1);
  chunked = malloc(4096);
  nchunked = sprintf(chunked, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    "Date: Tue, 24 Nov 2026 00:00:00 GMT\r\nServer: bench\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n100\r\n%0256d\r\n5\r\nworld\r\n0\r\n\r\n", 0);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(ls, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) { perror("backend"); return 1; }
  struct epoll_event e = {EPOLLIN, {.ptr = NULL}}, got[256];
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  for (;;) {
    int n = epoll_wait(ep, got, 256, -1);
    for (int i = 0; i < n; i++) {
      struct conn *c = got[i].data.ptr;
      if (!c) {
        int fd;
        while ((fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          c = calloc(1, sizeof *c);
          c->fd = fd;
          struct epoll_event ne = {EPOLLIN, {.ptr = c}};
          epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ne);
        }
        continue;
      }
      int dead = 0;
      if (got[i].events & EPOLLOUT) {
        struct epoll_event ne = {EPOLLIN, {.ptr = c}};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ne);
        dead = handle(c, ep) < 0;
      } else {
        ssize_t r = recv(c->fd, c->buf + c->have, sizeof c->buf - 1 - c->have, 0);
        if (r <= 0) dead = r == 0 || errno != EAGAIN;
        else { c->have += r; dead = handle(c, ep) < 0; }
      }
      if (dead) { close(c->fd); free(c); }
    }
  }
}
