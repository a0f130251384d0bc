// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "muster/broker_config/config.hpp"

#include <rapidcheck/gtest.h>

namespace muster::broker_config {
namespace {

template <class T>
rc::Gen<std::optional<T>> maybe(rc::Gen<T> gen) {
    return rc::gen::map(
        rc::gen::pair(rc::gen::arbitrary<bool>(), std::move(gen)), [](std::pair<bool, T> drawn) {
            return drawn.first ? std::optional(std::move(drawn.second)) : std::nullopt;
        });
}

/// Any text that TOML can hold: quotes, backslashes, control characters, multi-byte characters.
rc::Gen<std::string> any_text() {
    const auto piece = rc::gen::oneOf(
        rc::gen::map(rc::gen::inRange(1, 128),
                     [](int c) { return std::string(1, static_cast<char>(c)); }),
        rc::gen::element<std::string>("é", "日本", "🦉", "\"", "'", "\\", "\n", "\t", "\x7f", "'''",
                                      "\"\"\"", "%h", "#", "\r\n", "\\u0041", "]"));
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                        [](const auto& pieces) {
                            std::string text;
                            for (const auto& each : pieces) text += each;
                            return text;
                        });
}

rc::Gen<std::string> uri() {
    return rc::gen::element<std::string>("tcp://*:%p", "tcp://%h.svc.:%p", "ipc:///run/%h",
                                         "tcp://[fd00::1]:8050", "tcp://10.0.0.1:1");
}

rc::Gen<Bootstrap> bootstrap() {
    return rc::gen::exec([] {
        const auto size = *rc::gen::inRange(1, 40);
        Bootstrap drawn{.curve_cert = *any_text(),
                        .default_port = *rc::gen::arbitrary<std::uint16_t>(),
                        .default_bind = *maybe(uri()),
                        .default_connect = *maybe(uri()),
                        .enable_ipv6 = *rc::gen::arbitrary<bool>()};
        for (int rank = 0; rank < size;) {
            const int last = std::min(size - 1, rank + *rc::gen::inRange(0, 6));
            HostEntry entry{.host = fmt::format("n[{}-{}]", rank, last),
                            .bind = *maybe(uri()),
                            .connect = *maybe(uri())};
            if (rank > 0) entry.parent = fmt::format("n{}", *rc::gen::inRange(0, rank));
            drawn.hosts.push_back(std::move(entry));
            rank = last + 1;
        }
        return drawn;
    });
}

rc::Gen<BrokerConfig> config() {
    return rc::gen::exec([] {
        const auto duration = rc::gen::element<std::string>("1s", "2.5m", "inf", "500ms", "30");
        BrokerConfig drawn;
        drawn.bootstrap = *maybe(bootstrap());
        drawn.tbon = {.topo = *maybe(rc::gen::element<std::string>("custom", "kary:2", "mincrit")),
                      .connect_timeout = *maybe(duration),
                      .tcp_user_timeout = *maybe(duration),
                      .torpid_min = *maybe(rc::gen::element<std::string>("1s", "4s")),
                      .torpid_max = *maybe(rc::gen::element<std::string>("0", "1m"))};
        drawn.heartbeat = {
            .period = *maybe(rc::gen::element<std::string>("1s", "2s")),
            .timeout = *maybe(rc::gen::element<std::string>("1m", "0", "inf")),
            .warn_thresh = *maybe(rc::gen::cast<std::int64_t>(rc::gen::inRange(1, 99)))};
        drawn.resource = {.path = *maybe(any_text()),
                          .exclude = *maybe(any_text()),
                          .noverify = *maybe(rc::gen::arbitrary<bool>()),
                          .norestrict = *maybe(rc::gen::arbitrary<bool>())};
        const auto entries = *rc::gen::inRange(0, 4);
        for (int i = 0; i < entries; ++i)
            drawn.resource.config.push_back(
                {.hosts = fmt::format("n[{}-{}]", i, i + 3),
                 .cores = "0-3",
                 .gpus = *maybe(rc::gen::element<std::string>("0", "0-7")),
                 .properties = *rc::gen::container<std::vector<std::string>>(
                     rc::gen::element<std::string>("big", "ssd", "é"))});
        drawn.queue_policy = *maybe(any_text());
        return drawn;
    });
}

RC_GTEST_PROP(ConfigLaw, ParseAfterFormatIsTheSameModel, ()) {
    const auto drawn = *config();
    const auto text = format(drawn);
    const auto back = parse(text, "b.toml");
    if (!back) RC_FAIL(back.error().message + "\n" + text);
    RC_ASSERT(*back == drawn);
    RC_ASSERT(format(*back) == text);
}

RC_GTEST_PROP(ConfigLaw, MergingWhatIsAlreadyThereChangesNothing, ()) {
    auto drawn = *config();
    drawn.tbon.topo.reset();
    const UserFile itself{"u.toml", format(drawn)};
    const auto merged = merge(drawn, std::span(&itself, 1));
    if (!merged) RC_FAIL(merged.error().message);
    RC_ASSERT(merged->config == drawn);
    RC_ASSERT(merged->text == itself.text);
    RC_ASSERT(merged->own_bootstrap == drawn.bootstrap.has_value());
}

RC_GTEST_PROP(ConfigLaw, AnyTextIsAnsweredWithoutHarm, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "[bootstrap]\n", "hosts = [", "{ host = \"a[0-3]\" }", "]", "\n", "[tbon]\n",
        "topo = ", "\"x\"", "[[resource.config]]\n", "cores = ", "1", "[queues.a]\n", "= ", "{}",
        ",", "'", "\"", "a.b"));
    std::string text;
    for (const auto& piece : pieces) text += piece;
    const auto parsed = parse(text, "b.toml");
    if (!parsed) RC_ASSERT(parsed.error().message.starts_with("b.toml:"));
}

}  // namespace
}  // namespace muster::broker_config
