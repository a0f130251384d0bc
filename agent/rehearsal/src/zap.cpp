// SPDX-License-Identifier: Apache-2.0
#include "zap.hpp"

#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace muster::rehearsal {
namespace {

bool is_key(std::string_view bytes, const curve::PublicKey& key) {
    return std::ranges::equal(bytes, key.bytes(), [](char a, std::uint8_t b) {
        return static_cast<std::uint8_t>(a) == b;
    });
}

}  // namespace

Result<std::unique_ptr<ZapServer>> ZapServer::make(const ZmqContext& context, Reactor& reactor,
                                                   curve::PublicKey allowed,
                                                   std::function<void()> on_refused) {
    TRY_ASSIGN(auto socket, ZmqSocket::make(context, ZMQ_REP));
    if (const int error = socket->bind("inproc://zeromq.zap.01"); error != 0)
        return fail(Kind::internal, "ZAP server: {}", os_error(error));
    std::unique_ptr<ZapServer> server(
        new ZapServer(std::move(socket), allowed, std::move(on_refused)));
    server->socket_->watch(
        reactor, [self = server.get()](const ZmqMessage& request) { self->answer(request); });
    return server;
}

void ZapServer::answer(const ZmqMessage& request) {
    // version, request id, domain, address, identity, mechanism, credentials
    const auto& frames = request.frames;
    const bool allowed = frames.size() == 7 && frames[0] == "1.0" && frames[2] == domain &&
                         frames[5] == "CURVE" && is_key(frames[6], allowed_);
    const std::string_view id = frames.size() > 1 ? std::string_view(frames[1]) : "";
    const std::array<std::string_view, 6> reply = {
        "1.0", id, allowed ? "200" : "400", allowed ? "OK" : "No access", "", ""};
    socket_->send(reply);
    if (!allowed) on_refused_();
}

}  // namespace muster::rehearsal
