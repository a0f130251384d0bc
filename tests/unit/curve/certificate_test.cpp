// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "muster/curve/z85.hpp"

namespace muster::curve {
namespace {

using testing::HasSubstr;
using testing::Not;

// RFC 7748's Alice; Bob's secret half belongs to another pair. Not secrets: they are in the RFC.
const std::string public_key = "G=]<>I7>&bBC>O5V{aj/4zK}kco8}o(.HIuS*=:#";
const std::string secret_key = "Cl.%(A#p:4jqL+Nql<!5?+kXU(+F]rV3l8w9L0ZJ";
const std::string other_secret_key = "u8[lWvOhIJDeTmhGmBD]z-+iMck:h&950i$%a]R0";
const std::string pair_lines =
    "    public-key = \"" + public_key + "\"\n    secret-key = \"" + secret_key + "\"\n";
const std::string keys = "curve\n" + pair_lines;
const std::string named = "metadata\n    name = \"a\"\n";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

struct Accepted {
    std::string what;
    std::string text;
    std::string name;
    Metadata metadata;
};

const Accepted accepted[] = {
    {"the minimum", named + keys, "a", {}},
    {"no final newline", (named + keys).substr(0, (named + keys).size() - 1), "a", {}},
    {"CRLF", replaced(named + keys, "\n", "\r\n"), "a", {}},
    {"tabs", replaced(named + keys, "    ", "\t"), "a", {}},
    {"one blank", replaced(named + keys, "    ", " "), "a", {}},
    {"no blanks about =", replaced(named + keys, " = ", "="), "a", {}},
    {"many blanks about =", replaced(named + keys, " = ", " \t = \t "), "a", {}},
    {"curve first", keys + named, "a", {}},
    {"secret first",
     named + "curve\n secret-key = \"" + secret_key + "\"\n public-key = \"" + public_key + "\"\n",
     "a",
     {}},
    {"sections in pieces",
     named + keys + "metadata\n b = \"1\"\nmetadata\n c = \"\"\n",
     "a",
     {{"b", "1"}, {"c", ""}}},
    {"comments and blank lines",
     "# one\n\n   # \"two\n\t\n" + named + "    # _,~|\n \n" + keys + "#",
     "a",
     {}},
    {"blanks after section", replaced(named, "metadata", "metadata \t") + keys, "a", {}},
    {"a key twice, the last counts",
     named + replaced(keys, secret_key, other_secret_key) + pair_lines,
     "a",
     {}},
    {"a value with = and #", "metadata\n    name = \"a=b # c\"\n" + keys, "a=b # c", {}},
    {"every character of a value",
     "metadata\n name = \"azAZ09.-:+=^!/*?&<>()[]{}@%$# \t\"\n" + keys,
     "azAZ09.-:+=^!/*?&<>()[]{}@%$# \t",
     {}},
    {"every character of a key", named + " aZ09.- = \"x\"\n" + keys, "a", {{"aZ09.-", "x"}}},
    {"a line of 255 bytes",
     named + "#" + std::string(254, 'x') + "\n b=\"" + std::string(250, 'x') + "\"\n" + keys,
     "a",
     {{"b", std::string(250, 'x')}}},
    {"as flux keygen 0.88 writes it",
     "#  ZeroMQ CURVE **Secret** Certificate\n#  DO NOT DISTRIBUTE\n\nmetadata\n"
     "    name = \"flux-sample\"\n    keygen.flux-core-version = \"0.88.0\"\n"
     "    keygen.hostname = \"vm\"\n    keygen.time = \"2026-11-22T03:45:21\"\n"
     "    keygen.userid = \"0\"\n    keygen.zmq-version = \"4.3.4\"\n" +
         keys,
     "flux-sample",
     {{"keygen.flux-core-version", "0.88.0"},
      {"keygen.hostname", "vm"},
      {"keygen.time", "2026-11-22T03:45:21"},
      {"keygen.userid", "0"},
      {"keygen.zmq-version", "4.3.4"}}},
};

TEST(Parse, Accepts) {
    for (const auto& [what, text, name, metadata] : accepted) {
        const auto certificate = parse(text, "test.cert");
        ASSERT_TRUE(certificate.has_value()) << what << ": " << certificate.error().message;
        EXPECT_EQ(certificate->name, name) << what;
        EXPECT_EQ(certificate->metadata, metadata) << what;
        EXPECT_EQ(z85_encode(certificate->keys.public_key.bytes()), public_key) << what;
        EXPECT_EQ(z85_encode(certificate->keys.secret_key.bytes()), secret_key) << what;
    }
}

struct Rejected {
    std::string what;
    std::string text;
    std::string says;  ///< part of the sentence, after "certificate test.cert"
    Kind kind = Kind::malformed;
};

const std::string secret_header = "#  ZeroMQ CURVE **Secret** Certificate\n#  DO NOT DISTRIBUTE\n";
const std::string public_only = "curve\n    public-key = \"" + public_key + "\"\n";

const Rejected rejected[] = {
    {"empty", "", ": empty file; write one with `muster keygen`"},
    {"blank", " \n\t\r\n\n", ": empty file"},
    {"comments only", "# nothing\n", ": empty file"},
    {"only the header", secret_header, ": truncated, it ends before its keys"},
    {"only metadata", named, ": truncated, it ends before its keys"},
    {"curve without keys", named + "curve\n", ": truncated, it ends before its keys"},
    {"cut after the public key", secret_header + named + public_only,
     ": truncated, it ends before its keys"},
    {"cut in the secret key", (named + keys).substr(0, (named + keys).size() - 10),
     ":5: truncated in the middle of a line; copy the file again"},
    {"cut in a word", named + "curv", ":3: truncated in the middle of a line"},
    {"cut in a key", named + "curve\n    publ", ":4: truncated in the middle of a line"},
    {"cut after =", named + "curve\n    public-key =", ":4: truncated in the middle of a line"},
    {"public half only", named + public_only, ": public half only, it has no secret-key; use the "},
    {"secret half only", named + "curve\n    secret-key = \"" + secret_key + "\"\n",
     ": it has no public-key"},
    {"mismatched pair", named + replaced(keys, secret_key, other_secret_key),
     ": mismatched pair, the public-key does not belong to the secret-key"},
    {"halves swapped",
     named + "curve\n public-key = \"" + secret_key + "\"\n secret-key = \"" + public_key + "\"\n",
     ": mismatched pair"},
    {"no name", keys, ": no name in its metadata, brokers with children demand one"},
    {"a short key", named + replaced(keys, secret_key, secret_key.substr(1)),
     ":5: secret-key has 39 characters instead of 40: truncated, or not a key"},
    {"a long key", named + replaced(keys, public_key, public_key + "0"), ":4: public-key has 41"},
    {"an empty key", named + replaced(keys, public_key, ""), ":4: public-key has 0 characters"},
    {"a key with a quote", named + replaced(keys, secret_key, "\"" + secret_key.substr(1)),
     ":5: secret-key is not Z85"},
    {"a key above 2^256", named + replaced(keys, secret_key, "#####" + secret_key.substr(5)),
     ":5: secret-key is not Z85"},
    {"another key in curve", named + keys + " name = \"a\"\n",
     ":6: 'curve' holds public-key and secret-key only"},
    {"unknown section", "metadata2\n" + keys, ":1: neither 'metadata' nor 'curve' nor"},
    {"keys not indented", named + replaced(keys, "    ", ""), ":4: neither 'metadata' nor 'curve'"},
    {"section indented", " metadata\n" + keys, ":1: an indented line before 'metadata' or"},
    {"section indented later", named + " " + keys, ":3: not of the form key = \"value\""},
    {"section with more", "metadata x\n" + keys, ":1: neither 'metadata' nor"},
    {"no quotes", "metadata\n name = a\n" + keys, ":2: not of the form key = \"value\""},
    {"one quote", "metadata\n name = \"\n" + keys, ":2: not of the form"},
    {"single quotes", "metadata\n name = 'a'\n" + keys, ":2: not of the form"},
    {"words after the value", "metadata\n name = \"a\" # b\n" + keys, ":2: not of the form"},
    {"no =", "metadata\n name \"a\"\n" + keys, ":2: not of the form"},
    {"no key", "metadata\n = \"a\"\n" + keys, ":2: a key may have"},
    {"underscore in a key", named + " my_key = \"a\"\n" + keys, ":3: a key may have letters"},
    {"blank in a key", named + " my key = \"a\"\n" + keys, ":3: a key may have letters"},
    {"underscore", "metadata\n name = \"a_b\"\n" + keys,
     ":2: '_' in the value of name, which Flux refuses; replace it with '-'"},
    {"comma", "metadata\n name = \"a,b\"\n" + keys, ":2: ',' in the value"},
    {"tilde", "metadata\n name = \"a~b\"\n" + keys, ":2: '~' in the value"},
    {"bar", "metadata\n name = \"a|b\"\n" + keys, ":2: '|' in the value"},
    {"backslash", "metadata\n name = \"a\\b\"\n" + keys, ":2: '\\' in the value"},
    {"apostrophe", "metadata\n name = \"a'b\"\n" + keys, ":2: ''' in the value"},
    {"quote", "metadata\n name = \"a\"b\"\n" + keys, ":2: '\"' in the value"},
    {"UTF-8", "metadata\n name = \"\xc3\xbc\"\n" + keys, ":2: byte 0xc3 in the value of name"},
    {"escape sequence", "metadata\n name = \"\x1b[1m\"\n" + keys, ":2: byte 0x1b in the value"},
    {"name twice", named + " name = \"b\"\n" + keys, ":3: metadata name is there twice"},
    {"256 bytes", named + "#" + std::string(255, 'x') + "\n" + keys, ":3: line of 256 bytes"},
    {"NUL", named + std::string(" b = \"\0\"\n", 9) + keys, ":3: a NUL byte"},
    {"NUL in a comment", named + std::string("#\0\n", 3) + keys, ":3: a NUL byte"},
    {"a byte order mark", "\xef\xbb\xbf" + named + keys, ":1: neither 'metadata' nor"},
    {"JSON", "{\"metadata\": {}}\n", ":1: neither 'metadata' nor"},
    {"PEM", "-----BEGIN PRIVATE KEY-----\n", ":1: neither 'metadata' nor"},
    {"a shared secret", "muster-secret-v1:00", ": holds a shared secret; pass it with --secret",
     Kind::config},
};

TEST(Parse, Rejects) {
    for (const auto& [what, text, says, kind] : rejected) {
        const auto certificate = parse(text, "test.cert");
        ASSERT_FALSE(certificate.has_value()) << what;
        EXPECT_EQ(certificate.error().kind, kind) << what;
        EXPECT_THAT(certificate.error().message,
                    testing::StartsWith("certificate test.cert" + says))
            << what;
        EXPECT_THAT(certificate.error().message, Not(HasSubstr("\n"))) << what;
        for (const std::string& key : {public_key, secret_key, other_secret_key})
            EXPECT_THAT(certificate.error().message, Not(HasSubstr(key.substr(5, 10)))) << what;
    }
}

/// Every way to cut a file short is refused; cut inside the keys it is called truncated.
TEST(Parse, EveryTruncation) {
    const std::string text = secret_header + named + keys;
    // Without the final newline, or that and nothing else missing, nothing is lost.
    for (std::size_t size = 0; size + 1 < text.size(); ++size) {
        const auto certificate = parse(text.substr(0, size), "test.cert");
        ASSERT_FALSE(certificate.has_value()) << size;
        EXPECT_EQ(certificate.error().kind, Kind::malformed) << size;
        if (size > text.find("curve")) {
            EXPECT_THAT(certificate.error().message, HasSubstr("truncated")) << size;
        }
    }
    EXPECT_TRUE(parse(text.substr(0, text.size() - 1), "test.cert").has_value());
}

/// Any single change of a key's character is noticed.
TEST(Parse, EveryDamagedKeyCharacter) {
    const std::string text = named + keys;
    for (const std::string& key : {public_key, secret_key})
        for (std::size_t i = 0; i < key.size(); ++i) {
            std::string damaged = text;
            char& character = damaged[text.find(key) + i];
            character = character == '0' ? '1' : '0';
            const auto certificate = parse(damaged, "test.cert");
            // Five bits of a scalar are clamped away: a change of these alone is the same key.
            if (certificate) {
                EXPECT_EQ(z85_encode(public_key_of(certificate->keys.secret_key).bytes()),
                          public_key);
            } else {
                EXPECT_EQ(certificate.error().kind, Kind::malformed);
            }
        }
}

RC_GTEST_PROP(Parse, ReadsBackWhatWasWritten, ()) {
    const std::string characters =
        "abcxyzABCXYZ0189.-:+=^!/*?&<>()[]{}@%$# \t";  // what sanitise() leaves alone
    const auto text = rc::gen::container<std::string>(rc::gen::elementOf(characters));
    const auto key = rc::gen::nonEmpty(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcXYZ019.-"))));
    const auto metadata = *rc::gen::map(
        rc::gen::container<std::map<std::string, std::string>>(key, text), [](auto pairs) {
            std::erase_if(pairs, [](const auto& pair) { return pair.first.size() > 40; });
            return Metadata(pairs.begin(), pairs.end());
        });
    const auto name = *rc::gen::nonEmpty(text);
    RC_PRE(name.size() <= 200);
    const Certificate certificate{
        .name = name, .metadata = metadata, .keys = make_key_pair().value()};
    const auto written = format(certificate);
    RC_ASSERT(written.has_value());
    const auto parsed = parse(written->view(), "test.cert");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->name == name);
    RC_ASSERT(parsed->metadata == metadata);
    RC_ASSERT(parsed->keys.public_key == certificate.keys.public_key);
    RC_ASSERT(equal(parsed->keys.secret_key.bytes(), certificate.keys.secret_key.bytes()));
    const auto again = format(*parsed);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->view() == written->view());
}

/// Whatever the names and values are, what is written can be read, by us and so by Flux.
RC_GTEST_PROP(Parse, ReadsWhateverIsWritten, (const std::string& name, const std::string& value)) {
    const Certificate certificate{
        .name = name, .metadata = {{"a", value}}, .keys = make_key_pair().value()};
    const auto parsed = parse(format(certificate)->view(), "test.cert");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->name == sanitise(name));
}

}  // namespace
}  // namespace muster::curve
