// SPDX-License-Identifier: Apache-2.0
#include "muster/local/dns_answer.hpp"

#include <gmock/gmock.h>

#include <string>

#include "dns_question.hpp"

namespace muster::local {
namespace {

using test::Ask;
using test::at16;
using test::Bytes;
using test::question;

const Zone zone{.domain = "up.muster.internal",
                .stem = "up-",
                .server = 0x7f400001,
                .addresses = {0x7f400002, 0x7f400003, 0x7f400004}};

struct Shape {
    unsigned rcode = 0;
    bool authoritative = false;
    unsigned answers = 0;
    unsigned authorities = 0;
    unsigned additional = 0;
    bool operator==(const Shape&) const = default;
};

Shape shape(const Bytes& reply) {
    return {.rcode = at16(reply, 2) & 15u,
            .authoritative = (at16(reply, 2) & 0x0400) != 0,
            .answers = at16(reply, 6),
            .authorities = at16(reply, 8),
            .additional = at16(reply, 10)};
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    return out << "rcode " << shape.rcode << " aa " << shape.authoritative << " answers "
               << shape.answers << " authorities " << shape.authorities << " additional "
               << shape.additional;
}

constexpr Shape found{.rcode = 0, .authoritative = true, .answers = 1};
constexpr Shape no_data{.rcode = 0, .authoritative = true, .authorities = 1};
constexpr Shape no_name{.rcode = 3, .authoritative = true, .authorities = 1};
constexpr Shape refused{.rcode = 5};
constexpr Shape malformed{.rcode = 1};

TEST(Answer, Table) {
    struct Row {
        Ask ask;
        Shape expected;
    };
    const Row rows[] = {
        {{.name = "up-0.up.muster.internal"}, found},
        {{.name = "up-2.up.muster.internal"}, found},
        {{.name = "UP-2.Up.MUSTER.internal"}, found},
        {{.name = "ns.up.muster.internal"}, found},
        {{.name = "up-0.up.muster.internal", .type = 255}, found},
        {{.name = "up.muster.internal", .type = 6}, found},
        {{.name = "up.muster.internal", .type = 2}, found},
        {{.name = "up.muster.internal", .type = 255}, found},
        // exists, but not with this type: AAAA, TXT, private use (how the gates ask for existence)
        {{.name = "up-0.up.muster.internal", .type = 28}, no_data},
        {{.name = "up-0.up.muster.internal", .type = 16}, no_data},
        {{.name = "up-0.up.muster.internal", .type = 65280}, no_data},
        {{.name = "up-0.up.muster.internal", .type = 65534, .flags = 0x0110}, no_data},
        {{.name = "up.muster.internal"}, no_data},
        // no such host
        {{.name = "up-3.up.muster.internal"}, no_name},
        {{.name = "up-3.up.muster.internal", .type = 65280}, no_name},
        {{.name = "up-00.up.muster.internal"}, no_name},
        {{.name = "up-+1.up.muster.internal"}, no_name},
        {{.name = "up-.up.muster.internal"}, no_name},
        {{.name = "up-99999999999999999999999.up.muster.internal"}, no_name},
        {{.name = "xup-0.up.muster.internal"}, no_name},
        {{.name = "a.up-0.up.muster.internal"}, no_name},
        {{.name = "xns.up.muster.internal"}, no_name},
        // not ours
        {{.name = ""}, refused},
        {{.name = "internal"}, refused},
        {{.name = "muster.internal"}, refused},
        {{.name = "xup.muster.internal"}, refused},
        {{.name = "up-0"}, refused},
        {{.name = "www.example.org"}, refused},
        {{.name = "2.0.64.127.in-addr.arpa", .type = 12}, refused},
        {{.name = "up-0.up.muster.internal", .class_code = 3}, refused},  // CHAOS
    };
    for (const auto& row : rows) {
        const Bytes reply = answer(zone, question(row.ask));
        ASSERT_GE(reply.size(), 12u) << row.ask.name;
        EXPECT_EQ(shape(reply), row.expected) << row.ask.name << " type " << row.ask.type;
        EXPECT_EQ(at16(reply, 0), 0x1234u);
        EXPECT_EQ(at16(reply, 2) & 0x8100u, 0x8100u) << "an answer, RD as asked";
        EXPECT_EQ(at16(reply, 4), 1u);
    }
}

TEST(Answer, AddressOfAHost) {
    const Bytes query = question({.name = "Up-2.up.muster.internal"});
    const Bytes reply = answer(zone, query);
    ASSERT_EQ(reply.size(), query.size() + 16);
    // The question as it was asked (resolvers compare its case), then the record.
    EXPECT_TRUE(std::equal(query.begin() + 12, query.end(), reply.begin() + 12));
    const Bytes record(reply.begin() + static_cast<std::ptrdiff_t>(query.size()), reply.end());
    EXPECT_THAT(record,
                testing::ElementsAre(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 64, 0, 4));
}

TEST(Answer, ADenialCarriesTheSoaOfTheZone) {
    const Bytes query = question({.name = "up-7.up.muster.internal"});
    const Bytes reply = answer(zone, query);
    const std::size_t record = query.size();
    EXPECT_EQ(at16(reply, record), 0xc000u | (12 + 5)) << "owner: the apex within the question";
    EXPECT_EQ(at16(reply, record + 2), 6u);
    // RFC 2308: TTL and the last field bound the denial's life.
    EXPECT_EQ(at16(reply, record + 8), 1u);
    EXPECT_EQ(at16(reply, reply.size() - 2), 1u);
    EXPECT_EQ(at16(reply, record + 10), reply.size() - record - 12);
}

TEST(Answer, FlagsOfTheQuestion) {
    const auto flags = [](unsigned asked) {
        return at16(answer(zone, question({.name = "up-0.up.muster.internal", .flags = asked})), 2);
    };
    EXPECT_EQ(flags(0x0000), 0x8400u);
    EXPECT_EQ(flags(0x0100), 0x8500u) << "RD is copied";
    EXPECT_EQ(flags(0x0110), 0x8510u) << "CD is copied (RFC 4035, 3.2.2)";
    EXPECT_EQ(flags(0x0720), 0x8500u) << "AA, TC and AD of a question mean nothing";
}

TEST(Answer, Edns) {
    Ask ask{.name = "up-0.up.muster.internal", .edns = true, .edns_flags = 0x8000};
    Bytes reply = answer(zone, question(ask));
    EXPECT_EQ(shape(reply), (Shape{.authoritative = true, .answers = 1, .additional = 1}));
    const Bytes opt(reply.end() - 11, reply.end());
    EXPECT_THAT(opt, testing::ElementsAre(0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0));

    ask.edns_version = 1;  // in the upper half of what follows the payload size
    ask.edns = true;
    Bytes query = question(ask);
    query[query.size() - 5] = 1;  // VERSION
    reply = answer(zone, query);
    EXPECT_EQ(shape(reply), (Shape{.additional = 1}));
    EXPECT_EQ(reply.at(reply.size() - 6), 1)
        << "BADVERS is 16: its upper bits are in the OPT record";
}

TEST(Answer, NoAnswerAtAll) {
    EXPECT_TRUE(answer(zone, Bytes{}).empty());
    EXPECT_TRUE(answer(zone, Bytes(11, 0)).empty());
    EXPECT_TRUE(
        answer(zone, question({.name = "up-0.up.muster.internal", .flags = 0x8180})).empty())
        << "an answer to an answer would go round for ever";
}

TEST(Answer, OtherOpcodesAreNotImplemented) {
    const Bytes reply =
        answer(zone, question({.name = "up-0.up.muster.internal", .flags = 0x2800}));
    EXPECT_EQ(reply.size(), 12u);
    EXPECT_EQ(shape(reply), (Shape{.rcode = 4}));
}

TEST(Answer, WhatCannotBeReadIsAFormatError) {
    const Bytes good = question({.name = "up-0.up.muster.internal", .edns = true});
    for (std::size_t size = 12; size < good.size(); ++size) {
        const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(shape(answer(zone, cut)), malformed) << "cut after " << size;
    }
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Bytes bad = good;
        bad.at(at) = value;
        return shape(answer(zone, bad));
    };
    EXPECT_EQ(changed(5, 0), malformed) << "no question";
    EXPECT_EQ(changed(5, 2), malformed) << "two questions";
    EXPECT_EQ(changed(7, 1), malformed) << "a question with an answer in it";
    EXPECT_EQ(changed(9, 1), malformed);
    EXPECT_EQ(changed(11, 2), malformed) << "a record is missing";
    EXPECT_EQ(changed(12, 0xc0), malformed) << "a compressed question";
    EXPECT_EQ(changed(12, 64), malformed) << "a label of 64";
    EXPECT_EQ(changed(good.size() - 11, 1), malformed) << "an OPT that the root does not own";
    EXPECT_EQ(changed(good.size() - 1, 9), malformed) << "an option longer than the message";
}

TEST(Answer, NamesAtTheirLimit) {
    std::string longest;  // 4 labels: 3 of 63 and one of 61 are 255 bytes on the wire
    for (const std::size_t length : {63u, 63u, 63u, 61u})
        longest += (longest.empty() ? "" : ".") + std::string(length, 'a');
    EXPECT_EQ(shape(answer(zone, question({.name = longest}))), refused);
    EXPECT_EQ(shape(answer(zone, question({.name = longest + "a"}))), malformed);
    const std::string below = std::string(63, 'b') + "." + std::string(63, 'b') + "." +
                              std::string(63, 'b') + "." + std::string(42, 'b') +
                              ".up.muster.internal";
    const Bytes reply = answer(zone, question({.name = below, .edns = true}));
    EXPECT_EQ(shape(reply),
              (Shape{.rcode = 3, .authoritative = true, .authorities = 1, .additional = 1}));
    EXPECT_LE(reply.size(), largest_answer);
}

TEST(Answer, ADotInsideALabelIsNoSeparator) {
    Bytes query = question({.name = "up-0x.up.muster.internal"});
    query.at(12 + 5) = '.';  // one label "up-0." before "up.muster.internal"
    EXPECT_EQ(shape(answer(zone, query)), no_name);
    query = question({.name = "up-0xup.muster.internal"});
    query.at(12 + 5) = '.';  // one label "up-0.up" before "muster.internal"
    EXPECT_EQ(shape(answer(zone, query)), refused);
}

}  // namespace
}  // namespace muster::local
