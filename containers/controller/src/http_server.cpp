// SPDX-License-Identifier: Apache-2.0
#include "http_server.hpp"

#include <microhttpd.h>
#include <netdb.h>
#include <sys/epoll.h>

#include <cerrno>

namespace muster::controller {
namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> read_address(const std::string& text) {
    const auto colon = text.rfind(':');
    auto host = colon == text.npos ? "" : text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    // The wildcard is IPv6's: it takes IPv4, too.
    if (host.empty()) hints.ai_family = AF_INET6;
    addrinfo* found = nullptr;
    if (colon == text.npos || ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                            text.c_str() + colon + 1, &hints, &found) != 0)
        return fail(Kind::usage, "'{}' is no ADDRESS:PORT to listen on", text);
    return Addresses(found);
}

struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const { ::MHD_stop_daemon(daemon); }
};

}  // namespace

class HttpServer::State {
  public:
    State(Reactor& reactor, Find find) : reactor_(reactor), find_(std::move(find)) {}
    ~State() {
        reactor_.cancel(timer_);
        if (epoll_ >= 0) reactor_.forget(epoll_);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Result<void> start(const std::string& address) {
        TRY_ASSIGN(const auto found, read_address(address));
        const unsigned flags =
            MHD_USE_EPOLL | (found->ai_family == AF_INET6 ? MHD_USE_DUAL_STACK : MHD_NO_FLAG);
        daemon_.reset(::MHD_start_daemon(
            flags, 0, nullptr, nullptr, &State::answer, this, MHD_OPTION_SOCK_ADDR, found->ai_addr,
            MHD_OPTION_CONNECTION_LIMIT, 32U, MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_END));
        if (daemon_ == nullptr) return fail(Kind::io, "listen on {}: {}", address, os_error(errno));
        epoll_ = ::MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        reactor_.watch(epoll_, EPOLLIN, [this](std::uint32_t) { run(); });
        return {};
    }

    int port() const {
        return ::MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_BIND_PORT)->port;
    }

  private:
    void run() {
        ::MHD_run(daemon_.get());
        reactor_.cancel(timer_);
        MHD_UNSIGNED_LONG_LONG ms = 0;
        timer_ = ::MHD_get_timeout(daemon_.get(), &ms) == MHD_YES
                     ? reactor_.after(std::chrono::milliseconds(ms), [this] { run(); })
                     : 0;
    }

    static MHD_Result answer(void* self, MHD_Connection* connection, const char* url,
                             const char* method, const char*, const char*, std::size_t*, void**) {
        const bool is_get = std::string_view(method) == MHD_HTTP_METHOD_GET;
        const auto page = is_get ? static_cast<State*>(self)->find_(url) : Page{.code = 405};
        auto* response = ::MHD_create_response_from_buffer(
            page.text.size(), const_cast<char*>(page.text.data()),  // NOLINT: it is copied
            MHD_RESPMEM_MUST_COPY);
        if (response == nullptr) return MHD_NO;
        ::MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  "text/plain; version=0.0.4; charset=utf-8");
        const auto queued =
            ::MHD_queue_response(connection, static_cast<unsigned>(page.code), response);
        ::MHD_destroy_response(response);
        return queued;
    }

    Reactor& reactor_;
    Find find_;
    std::unique_ptr<MHD_Daemon, StopDaemon> daemon_;
    int epoll_ = -1;
    Reactor::TimerId timer_ = 0;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::listen(Reactor& reactor, const std::string& address, Find find) {
    auto state = std::make_unique<State>(reactor, std::move(find));
    TRY(state->start(address));
    return HttpServer(std::move(state));
}

int HttpServer::port() const {
    return state_->port();
}

}  // namespace muster::controller
