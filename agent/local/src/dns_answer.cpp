// SPDX-License-Identifier: Apache-2.0
#include "muster/local/dns_answer.hpp"

#include <charconv>

#include "muster/base/assert.hpp"

namespace muster::local {
namespace {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::size_t header_size = 12;
constexpr std::uint32_t time_to_live = 5;     // seconds; a pod's address never changes under `up`
constexpr std::uint32_t negative_ttl = 1;     // seconds
constexpr std::uint16_t payload_size = 1232;  // EDNS, the DNS flag day's size

// RFC 1035, 3.2.2 and 4.1.1; RFC 6891 for opt and badvers.
enum Type : std::uint16_t { type_a = 1, type_ns = 2, type_soa = 6, type_opt = 41, type_any = 255 };
constexpr std::uint16_t class_in = 1;
enum Rcode : std::uint16_t {
    noerror = 0,
    formerr = 1,
    nxdomain = 3,
    notimp = 4,
    refused = 5,
    badvers = 16
};
enum Flag : std::uint16_t {
    flag_qr = 0x8000,
    flag_opcode = 0x7800,
    flag_aa = 0x0400,
    flag_rd = 0x0100,
    flag_cd = 0x0010
};

std::uint16_t read16(View bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void put16(Bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

void put_label(Bytes& out, std::string_view label) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
}

/// A name that stands earlier in the message (RFC 1035, 4.1.4).
void put_pointer(Bytes& out, std::size_t offset) {
    put16(out, static_cast<unsigned>(0xc000 | offset));
}

struct Question {
    std::string name;  // lower case
    std::uint16_t type = 0;
    std::uint16_t class_code = 0;
    std::size_t end = 0;  // offset behind it
};

struct Query {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    Question question;
    bool edns = false;
    std::uint8_t edns_version = 0;
};

char lower(std::uint8_t byte) {
    return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

/// Appends the name at `at` to `name`, and returns the offset behind it. A question's name cannot
/// be compressed, nothing stands before it; labels with a dot or a control character in them are
/// no names of ours, and become one with a '?' in it, which is in no zone.
std::optional<std::size_t> read_name(View message, std::size_t at, std::string& name) {
    for (std::size_t length = 0;;) {
        if (at >= message.size()) return {};
        const std::size_t label = message[at++];
        if (label == 0) return at;
        length += label + 1;
        if (label > 63 || length > 254 || at + label > message.size()) return {};
        if (!name.empty()) name.push_back('.');
        for (const std::uint8_t byte : message.subspan(at, label))
            name.push_back(byte == '.' || byte <= ' ' || byte >= 127 ? '?' : lower(byte));
        at += label;
    }
}

/// The offset behind the record at `at`, whose name may end in a pointer.
std::optional<std::size_t> skip_name(View message, std::size_t at) {
    for (;;) {
        if (at >= message.size()) return {};
        const std::size_t label = message[at];
        if (label == 0) return at + 1;
        if (label >= 0xc0) return at + 2;
        if (label > 63) return {};
        at += label + 1;
    }
}

/// Reads the additional records; only OPT means something in a question.
bool read_additional(View message, std::size_t at, unsigned count, Query& query) {
    for (; count > 0; --count) {
        const auto fields = skip_name(message, at);
        if (!fields || *fields + 10 > message.size()) return false;
        if (read16(message, *fields) == type_opt) {
            if (query.edns || message[at] != 0) return false;  // one only, owned by the root
            query.edns = true;
            query.edns_version = message[*fields + 5];
        }
        at = *fields + 10 + read16(message, *fields + 8);
        if (at > message.size()) return false;
    }
    return true;
}

bool read_question(View message, Query& query) {
    if (read16(message, 4) != 1 || read16(message, 6) != 0 || read16(message, 8) != 0) return false;
    const auto fields = read_name(message, header_size, query.question.name);
    if (!fields || *fields + 4 > message.size()) return false;
    query.question.type = read16(message, *fields);
    query.question.class_code = read16(message, *fields + 2);
    query.question.end = *fields + 4;
    return read_additional(message, query.question.end, read16(message, 10), query);
}

Bytes make_header(const Query& query, std::uint16_t rcode, std::uint16_t more_flags) {
    const auto kept = query.flags & (flag_opcode | flag_rd | flag_cd);
    Bytes out;
    out.reserve(largest_answer);
    put16(out, query.id);
    put16(out, static_cast<unsigned>(flag_qr | kept | more_flags | (rcode & 0xf)));
    for (int section = 0; section < 4; ++section) put16(out, 0);
    return out;
}

enum Section : std::size_t { in_question = 4, in_answer = 6, in_authority = 8, in_additional = 10 };

void count(Bytes& out, Section section) {
    ++out[section + 1];  // never more than one record in a section
}

void put_record(Bytes& out, std::size_t owner, Type type, std::uint32_t ttl, const Bytes& data) {
    put_pointer(out, owner);
    put16(out, type);
    put16(out, class_in);
    put32(out, ttl);
    put16(out, static_cast<unsigned>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
}

/// RFC 2308: a denial is cached for the least of the SOA's TTL and its last field.
void put_soa(Bytes& out, std::size_t apex, std::uint32_t ttl) {
    Bytes data;
    put_label(data, "ns");
    put_pointer(data, apex);
    put_label(data, "hostmaster");
    put_pointer(data, apex);
    put32(data, 1);  // serial
    for (const std::uint32_t seconds : {3600u, 600u, 86400u, negative_ttl}) put32(data, seconds);
    put_record(out, apex, type_soa, ttl, data);
}

void put_opt(Bytes& out, std::uint16_t rcode) {
    out.push_back(0);  // the root owns it
    put16(out, type_opt);
    put16(out, payload_size);
    put32(out, static_cast<std::uint32_t>(rcode >> 4) << 24);
    put16(out, 0);
    count(out, in_additional);
}

Bytes format_answer(const Zone& zone, View message, const Query& query) {
    const Question& question = query.question;
    const Zone::Found found = zone.find(question.name);
    std::uint16_t rcode = noerror;
    if (query.edns_version != 0)
        rcode = badvers;
    else if (question.class_code != class_in || found.place == Zone::Place::outside)
        rcode = refused;
    else if (found.place == Zone::Place::absent)
        rcode = nxdomain;
    const bool authoritative = rcode == noerror || rcode == nxdomain;

    Bytes out = make_header(query, rcode, authoritative ? flag_aa : 0);
    const View asked = message.subspan(header_size, question.end - header_size);
    out.insert(out.end(), asked.begin(), asked.end());
    count(out, in_question);
    if (authoritative) {
        const std::size_t apex = header_size + question.name.size() - zone.domain.size();
        const bool any = question.type == type_any;
        Bytes data;
        if (found.place == Zone::Place::host && (question.type == type_a || any)) {
            put32(data, found.address);
            put_record(out, header_size, type_a, time_to_live, data);
            count(out, in_answer);
        } else if (found.place == Zone::Place::apex && (question.type == type_soa || any)) {
            put_soa(out, apex, time_to_live);
            count(out, in_answer);
        } else if (found.place == Zone::Place::apex && question.type == type_ns) {
            put_label(data, "ns");
            put_pointer(data, apex);
            put_record(out, apex, type_ns, time_to_live, data);
            count(out, in_answer);
        } else {
            put_soa(out, apex, negative_ttl);
            count(out, in_authority);
        }
    }
    if (query.edns) put_opt(out, rcode);
    return out;
}

/// The rank in "<stem><rank>"; no signs, no leading zeros.
std::optional<std::size_t> parse_rank(std::string_view host, std::string_view stem) {
    if (!host.starts_with(stem)) return {};
    const std::string_view digits = host.substr(stem.size());
    if (digits.empty() || (digits.front() == '0' && digits.size() > 1)) return {};
    std::size_t rank = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    if (error != std::errc{} || end != digits.data() + digits.size()) return {};
    return rank;
}

}  // namespace

Zone::Found Zone::find(std::string_view name) const {
    if (name == domain) return {.place = Place::apex};
    const std::size_t tail = domain.size() + 1;
    if (name.size() <= tail || !name.ends_with(domain) || name[name.size() - tail] != '.')
        return {};
    const std::string_view host = name.substr(0, name.size() - tail);
    if (host == "ns") return {.place = Place::host, .address = server};
    const auto rank = parse_rank(host, stem);
    if (!rank || *rank >= addresses.size()) return {.place = Place::absent};
    return {.place = Place::host, .address = addresses[*rank]};
}

std::vector<std::uint8_t> answer(const Zone& zone, std::span<const std::uint8_t> message) {
    if (message.size() < header_size) return {};
    Query query;
    query.id = read16(message, 0);
    query.flags = read16(message, 2);
    if ((query.flags & flag_qr) != 0) return {};  // else two servers could talk for ever
    if ((query.flags & flag_opcode) != 0) return make_header(query, notimp, 0);
    if (!read_question(message, query)) return make_header(query, formerr, 0);
    Bytes out = format_answer(zone, message, query);
    MUSTER_ASSERT(out.size() <= largest_answer);
    return out;
}

}  // namespace muster::local
