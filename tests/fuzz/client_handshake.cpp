// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/client_handshake.hpp"

#include <algorithm>

#include "curve_server_side.hpp"
#include "target.hpp"

using namespace muster;
using curve::ClientHandshake;
using testing_support::Bytes;
using testing_support::CurveServerSide;
using testing_support::FixedPair;

namespace {

/// How far an honest server goes before the input is fed; `ready` and `error` put the input into
/// the command instead of after it, so that it gets past the boxes.
enum class Depth { nothing, greeting, welcome, ready, error, count };

void check(ClientHandshake& client) {
    const bool is_over = client.state() != ClientHandshake::State::talking;
    MUSTER_ASSERT(is_over != client.text().empty());
    MUSTER_ASSERT(std::ranges::all_of(client.text(), [](char c) { return c >= ' ' && c <= '~'; }));
    MUSTER_ASSERT(client.text().size() < 400);
    if (is_over) MUSTER_ASSERT(client.take_output().empty());
}

}  // namespace

/// First byte: depth. Second: size of the pieces in which the rest arrives. Keys are fixed, so an
/// input can be a whole conversation.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto depth = Depth{data[0] % static_cast<int>(Depth::count)};
    const std::size_t piece = data[1] + std::size_t{1};
    const std::span<const std::uint8_t> rest(data + 2, size - 2);
    const FixedPair broker(0x21);
    std::array<std::uint8_t, 32> short_term{};
    short_term.fill(0x44);
    ClientHandshake client({broker.public_key, broker.public_key, broker.secret_key},
                           {short_term, {}});
    CurveServerSide server(broker);
    client.take_output();
    if (depth != Depth::nothing) {
        client.receive(CurveServerSide::greeting());
        const auto hello = client.take_output();
        MUSTER_ASSERT(server.read_hello(std::span(hello).subspan(52)));
    }
    if (depth > Depth::greeting) {
        client.receive(server.welcome());
        MUSTER_ASSERT(server.read_initiate(client.take_output()));
    }
    check(client);
    const auto text = rest.first(std::min<std::size_t>(rest.size(), 200));
    const Bytes bytes = depth == Depth::ready   ? server.ready_with(text)
                        : depth == Depth::error ? CurveServerSide::command("ERROR", text)
                                                : Bytes(rest.begin(), rest.end());
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
        client.receive(std::span(bytes).subspan(i, std::min(piece, bytes.size() - i)));
        check(client);
    }
    client.closed();
    check(client);
    return 0;
}
