#include <sys/epoll.h>

// <sys/socket.h> declares it for _GNU_SOURCE alone, which Swift's Glibc module does not define.
struct sockaddr;
int accept4(int, struct sockaddr *, unsigned int *, int);
