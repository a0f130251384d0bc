// SPDX-License-Identifier: Apache-2.0
#include "dns_message.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::discovery {
namespace {

using View = std::span<const std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;
using Outcome = Reply::Outcome;

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_name = 255;  // bytes on the wire (RFC 1035, 2.3.4)
constexpr std::size_t longest_label = 63;
constexpr unsigned payload_size = 1232;     // EDNS, the DNS flag day's
constexpr std::size_t most_records = 4096;  // of one section; more is no honest reply
constexpr unsigned class_in = 1;
enum RecordType : unsigned { type_cname = 5, type_soa = 6, type_opt = 41 };
enum Flag : unsigned { flag_qr = 0x8000, flag_tc = 0x0200, flag_rd = 0x0100, flag_cd = 0x0010 };
constexpr std::uint32_t flag_do = 0x8000;  // of an OPT record's "TTL"
enum Rcode : unsigned {
    noerror = 0,
    formerr = 1,
    servfail = 2,
    nxdomain = 3,
    notimp = 4,
    refused = 5
};

void put16(Bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xff));
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

/// False when `name` cannot stand in a message.
bool put_name(Bytes& out, std::string_view name) {
    const std::size_t begin = out.size();
    if (name.ends_with('.')) name.remove_suffix(1);
    while (!name.empty()) {
        const auto label = name.substr(0, name.find('.'));
        if (label.empty() || label.size() > longest_label) return false;
        out.push_back(static_cast<std::uint8_t>(label.size()));
        out.insert(out.end(), label.begin(), label.end());
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    out.push_back(0);
    return out.size() - begin <= longest_name && out.size() - begin > 1;
}

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// Reads a message from front to back; once something does not fit, everything after it is empty.
class Reader {
  public:
    explicit Reader(View message) : message_(message) {}
    bool ok() const { return ok_; }
    std::size_t at() const { return at_; }
    void skip(std::size_t bytes) { has(bytes) ? void(at_ += bytes) : void(); }

    unsigned take16() {
        if (!has(2)) return 0;
        const unsigned value = static_cast<unsigned>(message_[at_] << 8 | message_[at_ + 1]);
        at_ += 2;
        return value;
    }
    std::uint32_t take32() {
        const std::uint32_t high = take16();
        return high << 16 | take16();
    }
    View take(std::size_t bytes) {
        if (!has(bytes)) return {};
        at_ += bytes;
        return message_.subspan(at_ - bytes, bytes);
    }

    /// A name in lower case with a final dot; what is no letter of host names is written \DDD
    /// (RFC 1035, 5.1). Pointers may only lead backwards, so it ends.
    std::string take_name() {
        std::string name;
        std::size_t wire = 1;
        std::size_t at = at_;
        std::size_t bound = at_;  // a pointer must lead before this
        bool jumped = false;
        while (ok_) {
            if (at >= message_.size()) return fail();
            const std::size_t length = message_[at];
            if ((length & 0xc0) == 0xc0) {
                if (at + 1 >= message_.size()) return fail();
                const std::size_t target = (length & 0x3f) << 8 | message_[at + 1];
                if (!jumped) at_ = at + 2;
                jumped = true;
                if (target >= bound) return fail();
                at = bound = target;
                continue;
            }
            if (length > longest_label || at + 1 + length > message_.size()) return fail();
            at += 1;
            if (length == 0) break;
            wire += length + 1;
            if (wire > longest_name) return fail();
            for (const std::uint8_t byte : message_.subspan(at, length)) append(name, byte);
            name += '.';
            at += length;
        }
        if (!jumped) at_ = at;
        return name.empty() ? "." : name;
    }

  private:
    static void append(std::string& name, std::uint8_t byte) {
        const char letter = static_cast<char>(byte);
        const bool plain = byte > ' ' && byte < 0x7f && letter != '.' && letter != '\\' &&
                           letter != '"' && letter != '(' && letter != ')' && letter != ';';
        if (plain)
            name += lower(letter);
        else
            name += fmt::format("\\{:03}", byte);
    }
    bool has(std::size_t bytes) {
        ok_ = ok_ && message_.size() - at_ >= bytes;
        return ok_;
    }
    std::string fail() {
        ok_ = false;
        return {};
    }

    View message_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

struct Record {
    std::string owner;
    unsigned type = 0;
    std::uint32_t ttl = 0;
    std::string target = {};  // CNAME, PTR, SRV
    std::string address = {};
    std::uint32_t minimum = 0;  // SOA
};

/// Empty when there are no bytes.
std::string format_address(int family, View bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bytes.empty()) return {};
    const char* result = ::inet_ntop(family, bytes.data(), text.data(), text.size());
    return result == nullptr ? "" : result;
}

/// What of the record's data concerns us; false when it does not fit its length.
bool take_data(Reader& reader, Record& record, std::size_t length) {
    const std::size_t end = reader.at() + length;
    if (record.type == static_cast<unsigned>(Type::a) && length == 4) {
        record.address = format_address(AF_INET, reader.take(length));
    } else if (record.type == static_cast<unsigned>(Type::aaaa) && length == 16) {
        record.address = format_address(AF_INET6, reader.take(length));
    } else if (record.type == type_cname || record.type == static_cast<unsigned>(Type::ptr)) {
        record.target = reader.take_name();
    } else if (record.type == static_cast<unsigned>(Type::srv) && length > 6) {
        reader.skip(6);
        record.target = reader.take_name();
    } else if (record.type == type_soa) {
        reader.take_name();
        reader.take_name();
        reader.skip(16);
        record.minimum = reader.take32();
    } else {
        reader.skip(length);
    }
    return reader.ok() && reader.at() == end;
}

/// The records of a section, those of class IN only. Nothing when they cannot be read.
std::optional<std::vector<Record>> take_section(Reader& reader, std::size_t count) {
    std::vector<Record> records;
    if (count > most_records) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        Record record{.owner = reader.take_name()};
        record.type = reader.take16();
        const unsigned record_class = reader.take16();
        record.ttl = reader.take32();
        if (record.ttl > 0x7fffffff) record.ttl = 0;  // RFC 2181, 8
        const std::size_t length = reader.take16();
        if (!reader.ok() || !take_data(reader, record, length)) return std::nullopt;
        if (record_class == class_in) records.push_back(std::move(record));
    }
    return records;
}

Reply unreadable(std::string text) {
    return {.outcome = Outcome::server_failure, .text = std::move(text)};
}

/// The name at the end of the chain of CNAMEs that begins at `name`, and what the chain's records
/// allow a cache to keep it for.
std::string follow(const std::vector<Record>& answer, std::string name, std::uint32_t& ttl) {
    for (std::size_t links = 0; links <= answer.size(); ++links) {
        const auto link = std::find_if(answer.begin(), answer.end(), [&name](const Record& record) {
            return record.type == type_cname && record.owner == name;
        });
        if (link == answer.end()) break;
        ttl = std::min(ttl, link->ttl);
        name = link->target;
    }
    return name;
}

void collect(Reply& reply, const std::vector<Record>& answer, const std::vector<Record>& additional,
             const Question& question, const std::string& asked) {
    std::uint32_t chain_ttl = UINT32_MAX;
    const auto owner = follow(answer, asked, chain_ttl);
    for (const auto& record : answer) {
        if (record.owner != owner || record.type != static_cast<unsigned>(question.type)) continue;
        if (!record.address.empty())
            reply.addresses.push_back({record.address, std::min(record.ttl, chain_ttl)});
        if (!record.target.empty()) reply.names.push_back(record.target);
    }
    if (question.type != Type::srv) return;
    for (const auto& record : additional) {
        const bool is_target =
            std::find(reply.names.begin(), reply.names.end(), record.owner) != reply.names.end();
        if (is_target && !record.address.empty())
            reply.addresses.push_back({record.address, record.ttl});
    }
}

std::string describe_rcode(unsigned rcode) {
    switch (rcode) {
        case servfail:
            return "the name server failed (SERVFAIL)";
        case refused:
            return "the name server refused (REFUSED)";
        case notimp:
            return "the name server cannot answer this (NOTIMP)";
        case formerr:
            return "the name server did not understand (FORMERR)";
        default:
            return fmt::format("the name server failed (code {})", rcode);
    }
}

}  // namespace

std::vector<std::uint8_t> format_question(const Question& question, std::uint16_t id) {
    Bytes bytes;
    bytes.reserve(header_size + longest_name + 16);
    put16(bytes, id);
    put16(bytes, flag_rd | (question.checking_disabled ? unsigned{flag_cd} : 0u));
    put16(bytes, 1);
    put16(bytes, 0);
    put16(bytes, 0);
    put16(bytes, question.dnssec_ok ? 1 : 0);
    if (!put_name(bytes, question.name)) return {};
    put16(bytes, static_cast<unsigned>(question.type));
    put16(bytes, class_in);
    if (question.dnssec_ok) {
        bytes.push_back(0);  // the root's name
        put16(bytes, type_opt);
        put16(bytes, payload_size);
        put32(bytes, flag_do);
        put16(bytes, 0);
    }
    return bytes;
}

Reply parse_reply(std::span<const std::uint8_t> message, const Question& question) {
    Reader reader(message);
    reader.skip(2);
    const unsigned flags = reader.take16();
    const unsigned questions = reader.take16();
    const std::array<unsigned, 3> counts{reader.take16(), reader.take16(), reader.take16()};
    if (!reader.ok() || (flags & flag_qr) == 0) return unreadable("the reply cannot be read");
    const unsigned rcode = flags & 0xf;
    if (rcode != noerror && rcode != nxdomain) {
        const bool is_refused = rcode == refused || rcode == notimp;
        return {.outcome = is_refused ? Outcome::refused : Outcome::server_failure,
                .text = describe_rcode(rcode)};
    }
    if (questions != 1) return unreadable("the reply cannot be read");
    const auto asked = reader.take_name();
    const unsigned type = reader.take16();
    if (reader.take16() != class_in || type != static_cast<unsigned>(question.type))
        return unreadable("the reply is to another question");
    const auto answer = take_section(reader, counts[0]);
    const auto authority = answer ? take_section(reader, counts[1]) : std::nullopt;
    const auto additional = authority ? take_section(reader, counts[2]) : std::nullopt;
    if (!answer || !authority || !additional) return unreadable("the reply cannot be read");

    Reply reply;
    collect(reply, *answer, *additional, question, asked);
    for (const auto& record : *authority) {
        if (record.type != type_soa) continue;
        reply.has_soa = true;
        reply.denial_ttl = std::min(record.ttl, record.minimum);  // RFC 2308, 5
    }
    // A type of private use has records of no form that we know; that there is one is all we ask.
    const bool has_record = format(question.type).starts_with("TYPE") &&
                            std::any_of(answer->begin(), answer->end(),
                                        [type](const Record& each) { return each.type == type; });
    if (!reply.addresses.empty() || !reply.names.empty() || has_record) {
        reply.outcome = Outcome::answered;
        reply.text = "answered";
    } else if (rcode == nxdomain) {
        reply.outcome = Outcome::no_such_name;
        reply.text = "no such name";
    } else if ((flags & flag_tc) != 0) {
        return unreadable("the reply is cut short, over TCP too");
    } else {
        reply.outcome = Outcome::no_data;
        reply.text = fmt::format("the name exists, but has no {} record", format(question.type));
    }
    return reply;
}

bool is_edns_refused(std::span<const std::uint8_t> message) {
    if (message.size() < header_size) return false;
    const unsigned rcode = message[3] & 0xf;
    return rcode == formerr || (rcode == notimp && message[10] == 0 && message[11] == 0);
}

std::string format(Type type) {
    switch (type) {
        case Type::a:
            return "A";
        case Type::ptr:
            return "PTR";
        case Type::aaaa:
            return "AAAA";
        case Type::srv:
            return "SRV";
        default:
            return fmt::format("TYPE{}", static_cast<unsigned>(type));
    }
}

std::string format(const Question& question) {
    return fmt::format("{} {}{}{}", question.name, format(question.type),
                       question.dnssec_ok ? " +do" : "", question.checking_disabled ? " +cd" : "");
}

std::string reverse_name(std::string_view address) {
    const std::string text(address);
    std::array<std::uint8_t, 16> bytes{};
    std::string name;
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        for (std::size_t i = 4; i-- > 0;) name += fmt::format("{}.", bytes.at(i));
        return name + "in-addr.arpa.";
    }
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
    for (std::size_t i = 16; i-- > 0;)
        name += fmt::format("{:x}.{:x}.", bytes.at(i) & 0xf, bytes.at(i) >> 4);
    return name + "ip6.arpa.";
}

}  // namespace muster::discovery
