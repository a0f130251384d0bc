// SPDX-License-Identifier: Apache-2.0
#include "dns_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace muster::discovery {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Outcome = Reply::Outcome;
using testing::ElementsAre;

/// A message written by hand: numbers big-endian, names label by label.
class Writer {
  public:
    Writer& u16(unsigned value) {
        bytes.push_back(static_cast<std::uint8_t>(value >> 8));
        bytes.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }
    Writer& u32(unsigned value) { return u16(value >> 16).u16(value & 0xffff); }
    Writer& raw(const std::string& text) {
        bytes.insert(bytes.end(), text.begin(), text.end());
        return *this;
    }
    Writer& label(const std::string& text) {
        bytes.push_back(static_cast<std::uint8_t>(text.size()));
        return raw(text);
    }
    Writer& root() {
        bytes.push_back(0);
        return *this;
    }
    Writer& header(unsigned flags, unsigned answers, unsigned authority = 0,
                   unsigned additional = 0) {
        return u16(7).u16(flags).u16(1).u16(answers).u16(authority).u16(additional);
    }
    /// "m-0.flux." at offset 12, "flux." at 16.
    Writer& question(unsigned type) { return label("m-0").label("flux").root().u16(type).u16(1); }
    Writer& record(unsigned type, unsigned ttl, unsigned length) {
        return u16(0xc00c).u16(type).u16(1).u32(ttl).u16(length);
    }
    Writer& soa(unsigned ttl, unsigned minimum) {
        u16(0xc010).u16(6).u16(1).u32(ttl).u16(24).u16(0xc010).u16(0xc010);
        return u32(1).u32(2).u32(3).u32(4).u32(minimum);
    }
    Bytes bytes;
};

constexpr unsigned answer = 0x8180;
constexpr unsigned no_such_name = 0x8183;
const Question plain{.name = "m-0.flux.", .type = Type::a};

TEST(FormatQuestion, IsLibcsWithoutDoAndCd) {
    const Bytes expected =
        Writer().u16(0x1234).u16(0x0100).u16(1).u16(0).u16(0).u16(0).question(1).bytes;
    EXPECT_EQ(format_question(plain, 0x1234), expected);
    EXPECT_EQ(format_question({.name = "m-0.flux", .type = Type::a}, 0x1234), expected)
        << "no search list, with or without the final dot";
}

TEST(FormatQuestion, SetsCdInTheHeaderAndDoInAnOptRecord) {
    const Bytes expected = Writer()
                               .u16(1)
                               .u16(0x0110)
                               .u16(1)
                               .u16(0)
                               .u16(0)
                               .u16(1)
                               .question(65280)
                               .root()
                               .u16(41)
                               .u16(1232)
                               .u32(0x8000)
                               .u16(0)
                               .bytes;
    EXPECT_EQ(format_question({.name = "m-0.flux.",
                               .type = static_cast<Type>(65280),
                               .dnssec_ok = true,
                               .checking_disabled = true},
                              1),
              expected);
}

TEST(FormatQuestion, RefusesWhatCannotStandInAMessage) {
    for (const auto& name : std::vector<std::string>{
             "", ".", "a..b.", ".a", std::string(64, 'a') + ".b.", std::string(300, 'a'),
             std::string(60, 'a') + "." + std::string(60, 'a') + "." + std::string(60, 'a') + "." +
                 std::string(60, 'a') + "." + std::string(60, 'a') + "."})
        EXPECT_TRUE(format_question({.name = name}, 1).empty()) << name;
    EXPECT_FALSE(format_question({.name = std::string(63, 'a') + "."}, 1).empty());
}

TEST(ParseReply, TakesAddressesWithTheirTtl) {
    const auto reply = parse_reply(Writer()
                                       .header(answer, 2)
                                       .question(1)
                                       .record(1, 30, 4)
                                       .raw("\x0a\x01\x02\x03")
                                       .record(1, 29, 4)
                                       .raw("\x0a\x01\x02\x04")
                                       .bytes,
                                   plain);
    EXPECT_EQ(reply.outcome, Outcome::answered);
    EXPECT_THAT(reply.addresses,
                ElementsAre(Reply::Address{"10.1.2.3", 30}, Reply::Address{"10.1.2.4", 29}));
}

TEST(ParseReply, FollowsAliasesInAnyOrder) {
    const auto reply = parse_reply(Writer()
                                       .header(answer, 3)
                                       .question(1)
                                       .label("x")
                                       .u16(0xc010)
                                       .u16(1)
                                       .u16(1)
                                       .u32(30)
                                       .u16(4)
                                       .raw("\x0a\x01\x02\x03")
                                       .label("other")
                                       .u16(0xc010)
                                       .u16(1)
                                       .u16(1)
                                       .u32(30)
                                       .u16(4)
                                       .raw("\x0a\x01\x02\x09")
                                       .record(5, 12, 4)
                                       .label("X")
                                       .u16(0xc010)
                                       .bytes,
                                   plain);
    EXPECT_THAT(reply.addresses, ElementsAre(Reply::Address{"10.1.2.3", 12}));
}

TEST(ParseReply, TakesTheAddressBesideAnSrvRecord) {
    Question question = plain;
    question.type = Type::srv;
    Writer writer;
    writer.header(answer, 1, 0, 3)
        .question(33)
        .record(33, 30, 8)
        .u16(0)
        .u16(100)
        .u16(8050)
        .u16(0xc00c);
    writer.record(1, 28, 4).raw("\x0a\x01\x02\x03");
    writer.label("other").u16(0xc010).u16(1).u16(1).u32(30).u16(4).raw("\x0a\x01\x02\x09");
    writer.root().u16(41).u16(1232).u32(0).u16(0);
    const auto reply = parse_reply(writer.bytes, question);
    EXPECT_EQ(reply.outcome, Outcome::answered);
    EXPECT_THAT(reply.names, ElementsAre("m-0.flux."));
    EXPECT_THAT(reply.addresses, ElementsAre(Reply::Address{"10.1.2.3", 28}));
}

TEST(ParseReply, TellsDenialsApart) {
    struct Row {
        unsigned flags;
        bool soa;
        Outcome outcome;
    };
    for (const auto& row :
         {Row{answer, true, Outcome::no_data}, Row{answer, false, Outcome::no_data},
          Row{no_such_name, true, Outcome::no_such_name},
          Row{no_such_name, false, Outcome::no_such_name}}) {
        Writer writer;
        writer.header(row.flags, 0, row.soa ? 1 : 0).question(1);
        if (row.soa) writer.soa(30, 17);
        const auto reply = parse_reply(writer.bytes, plain);
        EXPECT_EQ(reply.outcome, row.outcome);
        EXPECT_EQ(reply.has_soa, row.soa);
        EXPECT_EQ(reply.denial_ttl, row.soa ? 17u : 0u) << "the lesser of TTL and minimum";
    }
}

TEST(ParseReply, TakesAnyRecordOfAPrivateTypeForAnAnswer) {
    Question question = plain;
    question.type = static_cast<Type>(65300);
    const auto reply = parse_reply(
        Writer().header(answer, 1).question(65300).record(65300, 5, 3).raw("abc").bytes, question);
    EXPECT_EQ(reply.outcome, Outcome::answered);
    EXPECT_TRUE(reply.exists());
}

TEST(ParseReply, TellsFailuresApart) {
    struct Row {
        unsigned rcode;
        Outcome outcome;
        std::string text;
    };
    for (const auto& row : std::vector<Row>{{1, Outcome::server_failure, "FORMERR"},
                                            {2, Outcome::server_failure, "SERVFAIL"},
                                            {4, Outcome::refused, "NOTIMP"},
                                            {5, Outcome::refused, "REFUSED"},
                                            {9, Outcome::server_failure, "code 9"}}) {
        const auto reply =
            parse_reply(Writer().header(0x8180 | row.rcode, 0).question(1).bytes, plain);
        EXPECT_EQ(reply.outcome, row.outcome);
        EXPECT_THAT(reply.text, testing::HasSubstr(row.text));
    }
}

TEST(ParseReply, RefusesWhatIsNoReply) {
    const Bytes good =
        Writer().header(answer, 1).question(1).record(1, 30, 4).raw("\x0a\x01\x02\x03").bytes;
    const auto refuses = [](const Bytes& bytes) {
        return parse_reply(bytes, plain).outcome == Outcome::server_failure;
    };
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_TRUE(refuses(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))))
            << size;
    EXPECT_TRUE(refuses(Writer().header(0x0100, 0).question(1).bytes)) << "a question";
    EXPECT_TRUE(refuses(Writer().header(answer, 0).question(28).bytes)) << "another type";
    EXPECT_TRUE(refuses(Writer().header(answer, 1).question(1).u16(0xc01a).bytes))
        << "a pointer to itself";
    EXPECT_TRUE(refuses(Writer().header(answer, 1).question(1).record(5, 1, 2).u16(0xc0ff).bytes))
        << "beyond the end";
    EXPECT_TRUE(
        refuses(Writer().header(answer, 1).question(1).record(5, 1, 3).u16(0xc00c).root().bytes))
        << "longer than its name";
    EXPECT_TRUE(refuses(Writer().header(answer | 0x0200, 0).question(1).bytes)) << "cut short";
}

TEST(ParseReply, WritesOddNamesUnambiguously) {
    Question question{.name = "4.3.2.1.in-addr.arpa.", .type = Type::ptr};
    const auto reply = parse_reply(Writer()
                                       .header(answer, 1)
                                       .question(12)
                                       .record(12, 5, 13)
                                       .label("Proj_a.b")
                                       .label("\x01z")
                                       .label("")
                                       .bytes,
                                   question);
    EXPECT_THAT(reply.names, ElementsAre("proj_a\\046b.\\001z."));
}

RC_GTEST_PROP(ParseReply, SurvivesAnyBytes, (const std::vector<std::uint8_t>& bytes)) {
    const auto reply = parse_reply(bytes, plain);
    RC_ASSERT(reply.outcome != Outcome::answered || !reply.addresses.empty());
}

RC_GTEST_PROP(ParseReply, SurvivesOneWrongByte, (std::uint8_t byte)) {
    Writer writer;
    writer.header(answer, 1, 1, 1).question(1).record(1, 30, 4).raw("\x0a\x01\x02\x03").soa(30, 17);
    writer.root().u16(41).u16(1232).u32(0).u16(0);
    const auto at = *rc::gen::inRange<std::size_t>(0, writer.bytes.size());
    writer.bytes.at(at) = byte;
    const auto reply = parse_reply(writer.bytes, plain);
    RC_ASSERT(reply.addresses.size() <= 1);
}

TEST(IsEdnsRefused, KnowsFormerr) {
    EXPECT_TRUE(is_edns_refused(Writer().header(0x8181, 0).question(1).bytes));
    EXPECT_FALSE(is_edns_refused(Writer().header(0x8183, 0).question(1).bytes));
    EXPECT_FALSE(is_edns_refused({}));
}

TEST(ReverseName, TurnsAddressesRound) {
    EXPECT_EQ(reverse_name("10.1.2.3"), "3.2.1.10.in-addr.arpa.");
    EXPECT_EQ(reverse_name("2001:db8::567:89ab"),
              "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
    EXPECT_EQ(reverse_name("m-0"), "");
}

TEST(FormatQuestionForPeople, NamesTypeAndBits) {
    EXPECT_EQ(format(Question{.name = "a.", .type = Type::aaaa}), "a. AAAA");
    EXPECT_EQ(format(Question{.name = "a.",
                              .type = static_cast<Type>(65280),
                              .dnssec_ok = true,
                              .checking_disabled = true}),
              "a. TYPE65280 +do +cd");
}

}  // namespace
}  // namespace muster::discovery
