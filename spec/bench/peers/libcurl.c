/* SPDX-License-Identifier: MIT
 *
 * What sending alone costs with libcurl: a multi handle whose transfers post the same body over
 * keep-alive connections. No events come in, nothing is rendered, signed, mapped or kept.
 *
 *   bench_libcurl PORT TRANSFERS SECONDS BODY_FILE
 *
 * Prints the line of JSON that samples.h describes. */
#include "../wire.h"

#include "../samples.h"

#include <curl/curl.h>

typedef struct transfer {
    CURL *easy;
    uint64_t began_ns;
} transfer;

static samples answers;

static size_t ignore(char *bytes, size_t size, size_t count, void *owner)
{
    (void)bytes, (void)owner;
    return size * count;
}

static char *read_file(const char *path)
{
    char *text = NULL;
    FILE *f = fopen(path, "rb");
    if (!f || getdelim(&text, &(size_t){0}, -1, f) < 0) die(path);
    fclose(f);
    return text;
}

static void prepare(transfer *t, int port, const char *body, struct curl_slist *headers)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/orders/4711", port);
    t->easy = curl_easy_init();
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

static void begin(CURLM *multi, transfer *t)
{
    t->began_ns = now_ns();
    curl_multi_add_handle(multi, t->easy);
}

/* Notes what has ended, and begins it again until `end_ns`. */
static void collect(CURLM *multi, uint64_t end_ns, int *busy)
{
    CURLMsg *m;
    while ((m = curl_multi_info_read(multi, &(int){0}))) {
        transfer *t;
        long status = 0;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        uint64_t now = now_ns();
        samples_add(&answers, now - t->began_ns, !m->data.result && status == 200);
        curl_multi_remove_handle(multi, t->easy);
        if (now < end_ns) {
            begin(multi, t);
        } else {
            --*busy;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: bench_libcurl PORT TRANSFERS SECONDS BODY_FILE\n");
        return 2;
    }
    int port = atoi(argv[1]), busy = atoi(argv[2]);
    char *body = read_file(argv[4]);
    struct curl_slist *headers = NULL;
    for (const char *const *line =
             (const char *const[]){
                 "Content-Type: application/json", "Expect:", "webhook-id: msg_4711",
                 "webhook-timestamp: 1700000000",
                 "webhook-signature: v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", NULL};
         *line; line++)
        headers = curl_slist_append(headers, *line);
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *multi = curl_multi_init();
    transfer *transfers = calloc((size_t)busy, sizeof *transfers);
    uint64_t start_ns = now_ns(), end_ns = start_ns + (uint64_t)(atof(argv[3]) * 1e9);
    for (int i = 0; i < busy; i++) {
        prepare(&transfers[i], port, body, headers);
        begin(multi, &transfers[i]);
    }
    while (busy) {
        curl_multi_perform(multi, &(int){0});
        collect(multi, end_ns, &busy);
        if (busy) curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    samples_print(&answers, (double)(now_ns() - start_ns) / 1e9);
    return 0;
}
