# SPDX-License-Identifier: MIT
"""Addresses and what becomes of them, judged by Python's ipaddress module: a line "ADDRESS refused"
or "ADDRESS allowed" each. Beside addresses of any kind those at and around both ends of each range,
and all of IPv4 also as ::ffff:a.b.c.d. Seed and count are the arguments."""
import ipaddress
import random
import sys

RANGES = [ipaddress.ip_network(text) for text in """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
255.255.255.255/32 ::/96 ::1/128 fc00::/7 fe80::/10 fec0::/10 ff00::/8 100::/64 2001::/32 2001::/23
2001:db8::/32 3fff::/20 5f00::/16 2002::/16 64:ff9b::/96 64:ff9b:1::/48
""".split()]


def is_refused(address):
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped:
        return is_refused(mapped)
    refused = any(address in network for network in RANGES)
    # What the registry in Python says must not be public is never let through.
    assert refused or address.is_global, address
    return refused


def near(chance, network):
    end = chance.choice([int(network.network_address), int(network.broadcast_address)])
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return kind(min(max(end + chance.randint(-2, 2), 0), 2 ** network.max_prefixlen - 1))


def within(chance, network):
    return network[chance.randrange(network.num_addresses)]


def addresses(chance, count):
    for _ in range(count):
        network = chance.choice(RANGES)
        yield near(chance, network)
        yield within(chance, network)
        yield ipaddress.IPv4Address(chance.getrandbits(32))
        yield ipaddress.IPv6Address(chance.getrandbits(128))
        yield ipaddress.IPv6Address(0x2 << 124 | chance.getrandbits(124))


def main():
    chance = random.Random(int(sys.argv[1]))
    for address in addresses(chance, int(sys.argv[2])):
        verdict = "refused" if is_refused(address) else "allowed"
        print(address, verdict)
        if address.version == 4:
            print("::ffff:" + str(address), verdict)


main()
