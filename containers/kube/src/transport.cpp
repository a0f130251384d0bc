// SPDX-License-Identifier: Apache-2.0
#include "transport.hpp"

#include <sys/epoll.h>

#include <map>
#include <set>
#include <utility>

#include "call.hpp"
#include "muster/base/assert.hpp"

namespace muster::kube {

class Transport::State {
  public:
    State(Reactor& reactor, Config config, Endpoint endpoint)
        : reactor_(&reactor), config_(std::move(config)), endpoint_(std::move(endpoint)) {}
    ~State();

    Result<void> open();
    Id start(Exchange exchange, OnData on_data, OnEnd on_end);
    void cancel(Id id);
    std::uint64_t connections() const { return connections_; }

  private:
    static int on_socket(CURL*, curl_socket_t fd, int what, void* state, void* known);
    static int on_timer(CURLM*, long ms, void* state);
    void act(curl_socket_t fd, int events);
    void deliver_data();
    void deliver_endings();
    std::shared_ptr<Call> find(Id id) const;

    Reactor* reactor_;
    Config config_;
    Endpoint endpoint_;
    CURLM* multi_ = nullptr;
    std::map<Id, std::shared_ptr<Call>> calls_;
    std::set<Id> arrived_;  ///< calls with data that is not delivered yet
    std::set<int> watched_;
    Reactor::TimerId timer_ = 0;
    Id last_ = 0;
    std::uint64_t connections_ = 0;
};

Result<void> Transport::State::open() {
    // Once a process; libcurl counts, and what it holds is the process' to the end.
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (multi_ = curl_multi_init()) == nullptr)
        return fail(Kind::internal, "set up libcurl: out of memory");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
    // Not one: while a server that goes away still serves watches, requests need another to stay.
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 4L);
    return {};
}

Transport::State::~State() {
    if (multi_ == nullptr) return;
    for (const auto& [id, call] : calls_) curl_multi_remove_handle(multi_, call->easy);
    calls_.clear();
    curl_multi_cleanup(multi_);  // says which sockets it closes
    for (const int fd : watched_) reactor_->forget(fd);
    reactor_->cancel(timer_);
}

Transport::Id Transport::State::start(Exchange exchange, OnData on_data, OnEnd on_end) {
    const auto call = std::make_shared<Call>(config_, endpoint_, connections_, std::move(exchange));
    call->id = ++last_;
    call->on_arrival = [this](Id id) { arrived_.insert(id); };
    call->on_data = std::move(on_data);
    call->on_end = std::move(on_end);
    calls_.emplace(call->id, call);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call.get());
    const CURLMcode added = curl_multi_add_handle(multi_, call->easy);
    MUSTER_ASSERT(added == CURLM_OK);
    return call->id;
}

void Transport::State::cancel(Id id) {
    const auto call = find(id);
    if (!call) return;
    curl_multi_remove_handle(multi_, call->easy);
    calls_.erase(id);
    arrived_.erase(id);
}

std::shared_ptr<Call> Transport::State::find(Id id) const {
    const auto found = calls_.find(id);
    return found == calls_.end() ? nullptr : found->second;
}

int Transport::State::on_socket(CURL*, curl_socket_t fd, int what, void* state, void* known) {
    auto& self = *static_cast<State*>(state);
    if (what == CURL_POLL_REMOVE || known == nullptr) {
        // Of a new socket too: its number may have been that of one which was closed unsaid.
        self.reactor_->forget(fd);
        self.watched_.erase(fd);
    }
    if (what == CURL_POLL_REMOVE) return 0;
    if (known == nullptr) curl_multi_assign(self.multi_, fd, state);
    const std::uint32_t events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
    self.watched_.insert(fd);
    self.reactor_->watch(fd, events, [&self, fd](std::uint32_t ready) {
        const int in = (ready & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
        const int out = (ready & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
        const int bad = (ready & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0;
        self.act(fd, in | out | bad);
    });
    return 0;
}

int Transport::State::on_timer(CURLM*, long ms, void* state) {
    auto& self = *static_cast<State*>(state);
    self.reactor_->cancel(std::exchange(self.timer_, 0));
    if (ms >= 0)
        self.timer_ = self.reactor_->after(std::chrono::milliseconds(ms),
                                           [&self] { self.act(CURL_SOCKET_TIMEOUT, 0); });
    return 0;
}

void Transport::State::act(curl_socket_t fd, int events) {
    int running = 0;
    const CURLMcode done = curl_multi_socket_action(multi_, fd, events, &running);
    MUSTER_ASSERT(done == CURLM_OK || done == CURLM_BAD_SOCKET);
    deliver_data();
    deliver_endings();
}

void Transport::State::deliver_data() {
    for (const Id id : std::exchange(arrived_, {})) {
        const auto call = find(id);
        if (!call) continue;  // cancelled by an earlier callback
        const std::string data = std::exchange(call->arrived, {});
        call->on_data(call->code(), data);
    }
}

void Transport::State::deliver_endings() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Call* which = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &which);
        const auto call = find(which->id);
        const Ending ending = call->ending(message->data.result);
        cancel(call->id);
        call->on_end(ending);
    }
}

Transport::Transport(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transport::~Transport() = default;

Result<std::unique_ptr<Transport>> Transport::make(Reactor& reactor, const Config& config) {
    TRY_ASSIGN(Endpoint endpoint, make_endpoint(config));
    auto state = std::make_unique<State>(reactor, config, std::move(endpoint));
    TRY(state->open());
    return std::unique_ptr<Transport>(new Transport(std::move(state)));
}

Transport::Id Transport::start(Exchange exchange, OnData on_data, OnEnd on_end) {
    return state_->start(std::move(exchange), std::move(on_data), std::move(on_end));
}
void Transport::cancel(Id id) {
    state_->cancel(id);
}
std::uint64_t Transport::connections() const {
    return state_->connections();
}

}  // namespace muster::kube
