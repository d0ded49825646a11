/* SPDX-License-Identifier: MIT
 *
 * The addresses stand just inside and just outside each range of the IANA special-purpose
 * registries; random ones are judged by Python's ipaddress module as well. */
#include "net/egress.h"

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static const char *refusal_for(const pl_egress *e, const char *text, const char *host)
{
    pl_slice name = pl_slice_of(host);
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return pl_egress_refusal(e, (struct sockaddr *)&v4, name);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        return pl_egress_refusal(e, (struct sockaddr *)&v6, name);
    return "the test's address is bad";
}

static const char *refusal(const pl_egress *e, const char *text)
{
    return refusal_for(e, text, "example.com");
}

static pl_egress *guard(const char *const *allow, size_t count)
{
    pl_egress_fault fault;
    pl_egress *e = pl_egress_new(allow, count, &fault);
    if (e == NULL) printf("    '%s' %s\n", allow[fault.index], fault.text);
    CHECK(e != NULL);
    return e;
}
#define GUARD(...)                            \
    guard((const char *const[]){__VA_ARGS__}, \
          sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *))

static const struct {
    const char *address, *name; /* name NULL: allowed */
} cases[] = {
    {"0.0.0.0", "unspecified"},
    {"0.255.255.255", "unspecified"},
    {"1.0.0.0", NULL},
    {"9.255.255.255", NULL},
    {"10.0.0.0", "private network"},
    {"10.255.255.255", "private network"},
    {"11.0.0.0", NULL},
    {"100.63.255.255", NULL},
    {"100.64.0.0", "shared address space"},
    {"100.127.255.255", "shared address space"},
    {"100.100.100.199", "shared address space"},
    {"100.100.100.200", "cloud metadata"},
    {"100.128.0.0", NULL},
    {"126.255.255.255", NULL},
    {"127.0.0.0", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", NULL},
    {"169.253.255.255", NULL},
    {"169.254.0.0", "link-local"},
    {"169.254.169.254", "cloud metadata"},
    {"169.254.169.255", "link-local"},
    {"169.254.255.255", "link-local"},
    {"169.255.0.0", NULL},
    {"172.15.255.255", NULL},
    {"172.16.0.0", "private network"},
    {"172.31.255.255", "private network"},
    {"172.32.0.0", NULL},
    {"191.255.255.255", NULL},
    {"192.0.0.0", "protocol assignment"},
    {"192.0.0.255", "protocol assignment"},
    {"192.0.1.0", NULL},
    {"192.0.2.0", "documentation"},
    {"192.0.2.255", "documentation"},
    {"192.0.3.0", NULL},
    {"192.88.98.255", NULL},
    {"192.88.99.0", "6to4 relay"},
    {"192.88.99.255", "6to4 relay"},
    {"192.88.100.0", NULL},
    {"192.167.255.255", NULL},
    {"192.168.0.0", "private network"},
    {"192.168.255.255", "private network"},
    {"192.169.0.0", NULL},
    {"198.17.255.255", NULL},
    {"198.18.0.0", "benchmarking"},
    {"198.19.255.255", "benchmarking"},
    {"198.20.0.0", NULL},
    {"198.51.99.255", NULL},
    {"198.51.100.0", "documentation"},
    {"198.51.100.255", "documentation"},
    {"198.51.101.0", NULL},
    {"203.0.112.255", NULL},
    {"203.0.113.0", "documentation"},
    {"203.0.113.255", "documentation"},
    {"203.0.114.0", NULL},
    {"223.255.255.255", NULL},
    {"224.0.0.0", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.254", "reserved"},
    {"255.255.255.255", "broadcast"},

    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::2", "IPv4-compatible"},
    {"::127.0.0.1", "IPv4-compatible"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:10.0.0.1", "private network"},
    {"::ffff:169.254.169.254", "cloud metadata"},
    {"::ffff:8.8.8.8", NULL},
    {"0:0:0:0:0:1::", NULL},
    {"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"64:ff9b::", "NAT64"},
    {"64:ff9b::ffff:ffff", "NAT64"},
    {"64:ff9b:0:0:0:1::", NULL},
    {"64:ff9b:1::", "NAT64"},
    {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64"},
    {"64:ff9b:2::", NULL},
    {"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"100::", "discard-only"},
    {"100::ffff:ffff:ffff:ffff", "discard-only"},
    {"100:0:0:1::", NULL},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"2001::", "Teredo"},
    {"2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"},
    {"2001:1::", "protocol assignment"},
    {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol assignment"},
    {"2001:200::", NULL},
    {"2001:db7:ffff::", NULL},
    {"2001:db8::", "documentation"},
    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
    {"2001:db9::", NULL},
    {"2001:ffff:ffff::", NULL},
    {"2002::", "6to4"},
    {"2002:7f00:1::", "6to4"},
    {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"},
    {"2003::", NULL},
    {"2a00:1450:4001:829::200e", NULL},
    {"3ffe:ffff::", NULL},
    {"3fff::", "documentation"},
    {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
    {"3fff:1000::", NULL},
    {"5eff:ffff::", NULL},
    {"5f00::", "segment routing"},
    {"5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "segment routing"},
    {"5f01::", NULL},
    {"fbff:ffff::", NULL},
    {"fc00::", "private network"},
    {"fd00:ec2::253", "private network"},
    {"fd00:ec2::254", "cloud metadata"},
    {"fd20:ce::254", "cloud metadata"},
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private network"},
    {"fe00::", NULL},
    {"fe7f:ffff::", NULL},
    {"fe80::", "link-local"},
    {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"},
    {"fec0::", "site-local"},
    {"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"},
    {"ff00::", "multicast"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
};

TEST(egress_refuses_each_special_range_and_nothing_beside_it)
{
    pl_egress *e = guard(NULL, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = refusal(e, cases[i].address), *wanted = cases[i].name;
        bool same = got && wanted ? strcmp(got, wanted) == 0 : got == wanted;
        if (!same) printf("    %s: got %s\n", cases[i].address, got ? got : "(allowed)");
        CHECK(same);
    }
    pl_egress_free(e);
}

TEST(egress_judges_as_python_does)
{
    pl_egress *e = guard(NULL, 0);
    char command[512], address[64], verdict[16];
    snprintf(command, sizeof command, "python3 '%s' %d 20000", PL_EGRESS_ORACLE, (int)getpid());
    FILE *oracle = popen(command, "r");
    CHECK(oracle != NULL);
    if (oracle == NULL) return;
    int count = 0;
    while (fscanf(oracle, "%63s %15s", address, verdict) == 2) {
        bool same = (refusal(e, address) != NULL) == (strcmp(verdict, "refused") == 0);
        if (!same) printf("    %s is %s (seed %d)\n", address, verdict, (int)getpid());
        CHECK(same);
        count++;
    }
    CHECK_EQ_INT(pclose(oracle), 0);
    CHECK(count >= 100000);
    pl_egress_free(e);
}

TEST(egress_refuses_what_is_no_internet_address)
{
    pl_egress *e = GUARD("0.0.0.0/0", "::/0");
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    CHECK_EQ_STR(pl_egress_refusal(e, (struct sockaddr *)&local, PL_NO_SLICE), "not an IP");
    pl_egress_free(e);
}

TEST(egress_a_single_address_opens_itself_whatever_it_is)
{
    pl_egress *e = GUARD("127.0.0.1", "::1", "169.254.169.254", "::ffff:224.0.0.9", "64:ff9b::1",
                         "10.0.0.1/32", "fe80::1/128");
    CHECK(refusal(e, "127.0.0.1") == NULL);
    CHECK(refusal(e, "::ffff:127.0.0.1") == NULL);
    CHECK_EQ_STR(refusal(e, "127.0.0.2"), "loopback");
    CHECK(refusal(e, "::1") == NULL);
    CHECK_EQ_STR(refusal(e, "::2"), "IPv4-compatible");
    CHECK(refusal(e, "169.254.169.254") == NULL);
    CHECK_EQ_STR(refusal(e, "169.254.169.253"), "link-local");
    CHECK(refusal(e, "224.0.0.9") == NULL);
    CHECK(refusal(e, "64:ff9b::1") == NULL);
    CHECK_EQ_STR(refusal(e, "64:ff9b::2"), "NAT64");
    CHECK(refusal(e, "10.0.0.1") == NULL);
    CHECK_EQ_STR(refusal(e, "10.0.0.2"), "private network");
    CHECK(refusal(e, "fe80::1") == NULL);
    CHECK(refusal(e, "8.8.8.8") == NULL);
    pl_egress_free(e);
}

TEST(egress_a_block_opens_private_networks)
{
    pl_egress *e = GUARD("10.1.0.0/15", "fd12:3456::/33", "192.168.7.9/24", "100.64.0.0/10");
    CHECK(refusal(e, "10.0.255.255") == NULL); /* a /15: host bits of the entry do not count */
    CHECK(refusal(e, "10.1.255.255") == NULL);
    CHECK(refusal(e, "::ffff:10.1.0.1") == NULL);
    CHECK_EQ_STR(refusal(e, "10.2.0.0"), "private network");
    CHECK(refusal(e, "fd12:3456:7fff::1") == NULL);
    CHECK_EQ_STR(refusal(e, "fd12:3456:8000::1"), "private network");
    CHECK(refusal(e, "192.168.7.255") == NULL);
    CHECK_EQ_STR(refusal(e, "192.168.8.0"), "private network");
    CHECK(refusal(e, "100.127.0.1") == NULL);
    CHECK_EQ_STR(refusal(e, "100.100.100.200"), "cloud metadata");
    pl_egress_free(e);
}

TEST(egress_a_block_around_everything_opens_private_networks_only)
{
    pl_egress *e = GUARD("0.0.0.0/0", "::/0");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *name = cases[i].name;
        bool is_private = name && (strcmp(name, "private network") == 0 ||
                                   strcmp(name, "shared address space") == 0);
        const char *got = refusal(e, cases[i].address);
        if (name && !is_private)
            CHECK_EQ_STR(got, name);
        else
            CHECK(got == NULL);
    }
    pl_egress_free(e);
}

TEST(egress_all_of_ipv6_is_not_all_of_ipv4)
{
    pl_egress *six = GUARD("::/0");
    CHECK(refusal(six, "fd00::1") == NULL);
    CHECK_EQ_STR(refusal(six, "10.0.0.1"), "private network");
    CHECK_EQ_STR(refusal(six, "::ffff:10.0.0.1"), "private network");
    pl_egress_free(six);
    pl_egress *four = GUARD("0.0.0.0/0");
    CHECK(refusal(four, "10.0.0.1") == NULL);
    CHECK(refusal(four, "::ffff:10.0.0.1") == NULL);
    CHECK_EQ_STR(refusal(four, "fd00::1"), "private network");
    pl_egress_free(four);
}

TEST(egress_a_host_opens_private_networks_for_itself)
{
    pl_egress *e = GUARD("erp.internal", "*.Corp.example");
    CHECK(refusal_for(e, "10.0.0.1", "erp.internal") == NULL);
    CHECK(refusal_for(e, "fd00::1", "ERP.internal.") == NULL);
    CHECK(refusal_for(e, "100.64.0.1", "erp.internal") == NULL);
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", "crm.internal"), "private network");
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", "x.erp.internal"), "private network");
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", "10.0.0.1"), "private network");
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", ""), "private network");
    CHECK_EQ_STR(refusal_for(e, "127.0.0.1", "erp.internal"), "loopback");
    CHECK_EQ_STR(refusal_for(e, "169.254.169.254", "erp.internal"), "cloud metadata");
    CHECK_EQ_STR(refusal_for(e, "100.100.100.200", "erp.internal"), "cloud metadata");
    CHECK(refusal_for(e, "10.0.0.1", "a.corp.example") == NULL);
    CHECK(refusal_for(e, "10.0.0.1", "a.b.CORP.example") == NULL);
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", "corp.example"), "private network");
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", ".corp.example"), "private network");
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", "acorp.example"), "private network");
    CHECK_EQ_STR(refusal_for(e, "10.0.0.1", "a.corp.example.org"), "private network");
    pl_egress_free(e);
}

static void check_faults(const char *const *bad, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        pl_egress_fault fault = {.index = 99, .text = ""};
        const char *allow[] = {"10.0.0.0/8", bad[i]};
        pl_egress *e = pl_egress_new(allow, 2, &fault);
        if (e) printf("    taken: '%s'\n", bad[i]);
        CHECK(e == NULL);
        CHECK_EQ_INT(fault.index, 1);
        if (strstr(fault.text, text) == NULL) printf("    '%s' %s\n", bad[i], fault.text);
        CHECK(strstr(fault.text, text) != NULL);
        pl_egress_free(e);
    }
}
#define CHECK_FAULTS(bad, text) check_faults(bad, sizeof bad / sizeof bad[0], text)

TEST(egress_names_the_entry_that_is_wrong)
{
    char longer[256];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    const char *garbage[] = {
        "",           "10.0.0.0/33",  "10.0.0.0/",   "10.0.0.0/-1", "10.0.0/8",
        "::/129",     "[::1]",        "10.0.0.0/8 ", "/8",          "1.2.3.4/99999999999",
        "0x7f.0.0.1", "10.0.0.0/1x",  "::1/",        "*",           "*.",
        "a..b",       ".a",           "a.",          "a b",         "*.*.a",
        "a.*",        "http://a",     "a:80",        "10.0.0.1.2",  "a.0x7f",
        "1234",       "b\xc3\xbc.de", longer};
    CHECK_FAULTS(garbage, "is no address, no CIDR block and no host name");
    const char *blocks[] = {"127.0.0.0/8", "169.254.0.0/16", "8.8.8.0/24", "2002::/16",
                            "::/96",       "224.0.0.0/4",    "fe80::/10",  "::/3"};
    CHECK_FAULTS(blocks, "opens nothing: a block opens private networks");
    const char *names[] = {"localhost", "LOCALHOST"};
    CHECK_FAULTS(names, "opens nothing: a host name opens private networks");
}

int main(void)
{
    return RUN(CASE(egress_refuses_each_special_range_and_nothing_beside_it),
               CASE(egress_judges_as_python_does), CASE(egress_refuses_what_is_no_internet_address),
               CASE(egress_a_single_address_opens_itself_whatever_it_is),
               CASE(egress_a_block_opens_private_networks),
               CASE(egress_a_block_around_everything_opens_private_networks_only),
               CASE(egress_all_of_ipv6_is_not_all_of_ipv4),
               CASE(egress_a_host_opens_private_networks_for_itself),
               CASE(egress_names_the_entry_that_is_wrong));
}
