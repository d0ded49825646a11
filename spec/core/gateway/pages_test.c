/* SPDX-License-Identifier: MIT */
#include "gateway/pages.h"

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>

#define PAGES 64

static size_t page_bytes;

/* A private mapping of a file of 'f's, all pages of it in memory; read-only when `change` is NULL or
 * has made its changes. */
static char *map_file(void (*change)(char *bytes))
{
    size_t len = PAGES * page_bytes;
    FILE *file = tmpfile();
    for (size_t i = 0; i < len; i++)
        putc('f', file);
    fflush(file);
    char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file), 0);
    fclose(file);
    if (change) change(bytes);
    mprotect(bytes, len, PROT_READ);
    volatile const char *looked_at = bytes;
    for (size_t i = 0; i < len; i += page_bytes)
        (void)looked_at[i];
    return bytes;
}

/* How many of its pages this process has in memory: bit 63 of each (Linux, pagemap.rst). */
static int pages_of(const char *bytes)
{
    uint64_t words[PAGES];
    int fd = open("/proc/self/pagemap", O_RDONLY), count = 0;
    off_t at = (off_t)((uintptr_t)bytes / page_bytes * sizeof *words);
    if (pread(fd, words, sizeof words, at) != sizeof words) count = -1;
    for (int i = 0; i < PAGES && count >= 0; i++)
        count += (int)(words[i] >> 63);
    close(fd);
    return count;
}

static void unmap(char *bytes)
{
    munmap(bytes, PAGES * page_bytes);
}

TEST(what_is_a_files_is_given_back_and_comes_back)
{
    char *bytes = map_file(NULL);
    CHECK_EQ_INT(pages_of(bytes), PAGES);
    pl_pages_give_back();
    CHECK_EQ_INT(pages_of(bytes), 0);
    CHECK_EQ_INT(bytes[PAGES * page_bytes - 1], 'f');
    CHECK(pages_of(bytes) > 0);
    unmap(bytes);
}

static void change_one(char *bytes)
{
    bytes[5 * page_bytes] = 'c';
}

TEST(what_was_written_to_stays)
{
    char *bytes = map_file(change_one);
    pl_pages_give_back();
    CHECK_EQ_INT(pages_of(bytes), PAGES);
    CHECK_EQ_INT(bytes[5 * page_bytes], 'c');
    CHECK_EQ_INT(bytes[6 * page_bytes], 'f');
    unmap(bytes);
}

TEST(what_may_be_written_to_stays)
{
    char *bytes = map_file(change_one);
    mprotect(bytes, PAGES * page_bytes, PROT_READ | PROT_WRITE);
    pl_pages_give_back();
    CHECK_EQ_INT(pages_of(bytes), PAGES);
    CHECK_EQ_INT(bytes[5 * page_bytes], 'c');
    unmap(bytes);
}

TEST(what_is_no_files_stays)
{
    char *bytes =
        mmap(NULL, PAGES * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(bytes, 'm', PAGES * page_bytes);
    mprotect(bytes, PAGES * page_bytes, PROT_READ);
    pl_pages_give_back();
    CHECK_EQ_INT(pages_of(bytes), PAGES);
    CHECK_EQ_INT(bytes[0], 'm');
    unmap(bytes);
}

int main(void)
{
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    return RUN(CASE(what_is_a_files_is_given_back_and_comes_back), CASE(what_was_written_to_stays),
               CASE(what_may_be_written_to_stays), CASE(what_is_no_files_stays));
}
