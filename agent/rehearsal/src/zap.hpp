// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "zmq_socket.hpp"

namespace muster::rehearsal {

/// Decides who may connect (ZAP, ZeroMQ RFC 27): in domain "flux", by CURVE, with the one public
/// key of the instance. Must exist before a server socket is bound.
class ZapServer {
  public:
    static constexpr std::string_view domain = "flux";

    /// `on_refused` is called once for each client that is turned away. Errors: internal.
    static Result<std::unique_ptr<ZapServer>> make(const ZmqContext& context, Reactor& reactor,
                                                   curve::PublicKey allowed,
                                                   std::function<void()> on_refused);

  private:
    ZapServer(std::unique_ptr<ZmqSocket> socket, curve::PublicKey allowed,
              std::function<void()> on_refused)
        : socket_(std::move(socket)), allowed_(allowed), on_refused_(std::move(on_refused)) {}
    void answer(const ZmqMessage& request);

    std::unique_ptr<ZmqSocket> socket_;
    curve::PublicKey allowed_;
    std::function<void()> on_refused_;
};

}  // namespace muster::rehearsal
