// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/client.hpp"

#include <deque>
#include <utility>

#include "backoff.hpp"
#include "bearer.hpp"
#include "percent.hpp"
#include "status.hpp"
#include "token_bucket.hpp"
#include "transport.hpp"

namespace muster::kube {
namespace {

constexpr Duration first_pause = std::chrono::milliseconds(250);
constexpr Duration longest_pause = std::chrono::seconds(5);
/// Who asks us to wait longer than this is not waited for, but shown to the caller.
constexpr Duration longest_retry_after = std::chrono::seconds(60);

bool is_success(int code) {
    return code >= 200 && code < 300;
}

}  // namespace

class Client::State {
  public:
    State(Reactor& reactor, const Clock& clock, const Config& config, const ClientOptions& options,
          std::unique_ptr<Transport> transport)
        : reactor_(&reactor),
          clock_(&clock),
          options_(options),
          server_(config.server),
          bearer_(config),
          bucket_(options.rate, options.burst, clock.now()),
          jitter_(options.seed),
          transport_(std::move(transport)) {}
    ~State();

    CallId send(Request request, std::function<void(Answer)> done);
    CallId stream(Request request, std::function<void(std::string_view)> data,
                  std::function<void(std::optional<Failure>)> end);
    void cancel(CallId id);
    const Counters& counters() const { return counters_; }
    std::uint64_t connections() const { return transport_->connections(); }

  private:
    /// A call from its send() to its answer, over all attempts.
    struct Call {
        CallId id = 0;
        Request request;
        std::function<void(Answer)> done = {};
        std::function<void(std::string_view)> data = {};  ///< of a stream
        std::function<void(std::optional<Failure>)> end = {};
        Backoff backoff{first_pause, longest_pause};
        std::string body = {};  ///< of the answer, unless it goes to `data`
        int attempt = 0;
        bool has_fresh_connection = false;
        bool has_new_token = false;
        Transport::Id exchange = 0;
        Reactor::TimerId timer = 0;

        bool is_queued() const { return done && !request.is_urgent; }
    };
    using CallPtr = std::shared_ptr<Call>;

    CallPtr add(Request request);
    void enqueue(const CallPtr& call);
    void send_queued();
    void start(const CallPtr& call);
    void ended(const CallPtr& call, const Ending& ending);
    void finish(const CallPtr& call, Answer answer);
    std::optional<Duration> pause_before_next(Call& call, const Failure& failure,
                                              const Ending& ending);
    Failure failure_of(const Call& call, const Ending& ending) const;
    std::vector<std::string> headers_of(const Request& request, const Secret& token) const;

    Reactor* reactor_;
    const Clock* clock_;
    ClientOptions options_;
    std::string server_;
    Bearer bearer_;
    TokenBucket bucket_;
    Jitter jitter_;
    std::unique_ptr<Transport> transport_;
    std::map<CallId, CallPtr> calls_;
    std::deque<CallId> queue_, late_queue_;
    Reactor::TimerId queue_timer_ = 0;
    unsigned in_flight_ = 0;  ///< of those that are queued first
    CallId last_ = 0;
    Counters counters_;
};

Client::State::~State() {
    reactor_->cancel(queue_timer_);
    for (const auto& [id, call] : calls_) reactor_->cancel(call->timer);
}

Client::State::CallPtr Client::State::add(Request request) {
    const auto call = std::make_shared<Call>(Call{.id = ++last_, .request = std::move(request)});
    calls_.emplace(call->id, call);
    return call;
}

Client::CallId Client::State::send(Request request, std::function<void(Answer)> done) {
    const auto call = add(std::move(request));
    call->done = std::move(done);
    enqueue(call);
    return call->id;
}

Client::CallId Client::State::stream(Request request, std::function<void(std::string_view)> data,
                                     std::function<void(std::optional<Failure>)> end) {
    const auto call = add(std::move(request));
    call->data = std::move(data);
    call->end = std::move(end);
    call->request.attempts = 1;
    start(call);
    return call->id;
}

void Client::State::cancel(CallId id) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    const auto call = found->second;
    calls_.erase(found);
    reactor_->cancel(call->timer);
    transport_->cancel(call->exchange);
    if (call->exchange != 0 && call->is_queued()) --in_flight_;
    std::erase(queue_, id);
    std::erase(late_queue_, id);
    send_queued();
}

void Client::State::enqueue(const CallPtr& call) {
    if (call->request.is_urgent) return start(call);
    (call->request.can_wait ? late_queue_ : queue_).push_back(call->id);
    send_queued();
}

void Client::State::send_queued() {
    while (!(queue_.empty() && late_queue_.empty()) && in_flight_ < options_.in_flight) {
        if (!bucket_.take(clock_->now())) {
            if (queue_timer_ == 0)
                queue_timer_ = reactor_->after(bucket_.wait(clock_->now()), [this] {
                    queue_timer_ = 0;
                    send_queued();
                });
            return;
        }
        auto& queue = queue_.empty() ? late_queue_ : queue_;
        const auto call = calls_.at(queue.front());
        queue.pop_front();
        start(call);
    }
}

std::vector<std::string> Client::State::headers_of(const Request& request,
                                                   const Secret& token) const {
    std::vector<std::string> headers{"Accept: application/json",
                                     "User-Agent: " + options_.user_agent, "Expect:"};
    if (!request.content_type.empty()) headers.push_back("Content-Type: " + request.content_type);
    if (!token.empty()) headers.push_back("Authorization: Bearer " + token.reveal());
    return headers;
}

void Client::State::start(const CallPtr& call) {
    const Request& request = call->request;
    ++call->attempt;
    call->body.clear();
    auto token = bearer_.token(clock_->now());
    if (!token) {
        call->timer = reactor_->after(Duration::zero(), [this, call, why = token.error().message] {
            call->timer = 0;
            finish(call,
                   tl::unexpected(Failure{.message = fmt::format("{} {}: {}", call->request.method,
                                                                 call->request.path, why)}));
        });
        return;
    }
    if (call->is_queued()) ++in_flight_;
    call->exchange = transport_->start(
        Exchange{.method = request.method,
                 .target = request.path + format_query(request.query),
                 .headers = headers_of(request, *token),
                 .body = request.body,
                 .timeout = request.timeout,
                 .has_fresh_connection = call->has_fresh_connection},
        [call](int code, std::string_view data) {
            if (call->data && is_success(code))
                call->data(data);
            else
                call->body.append(data);
        },
        [this, call](const Ending& ending) { ended(call, ending); });
}

Failure Client::State::failure_of(const Call& call, const Ending& ending) const {
    const Request& request = call.request;
    if (ending.code != 0) {
        auto failure = read_refusal(request, ending.code, call.body);
        if (const auto after = parse_retry_after(ending.retry_after)) failure.retry_after = after;
        return failure;
    }
    return Failure{
        .message = fmt::format("{} {}: no answer from the API server at {}: {}; {}", request.method,
                               request.path, server_, ending.cause,
                               ending.is_certificate
                                   ? "give the authority that signed its certificate, and its name"
                                   : "check the address, and that it can be reached from here")};
}

/// How long to wait before another attempt; nothing where this failure is the answer.
std::optional<Duration> Client::State::pause_before_next(Call& call, const Failure& failure,
                                                         const Ending& ending) {
    if (failure.code == 401 && !call.has_new_token && bearer_.refresh(clock_->now()) && call.done) {
        call.has_new_token = true;
        return Duration::zero();
    }
    if (call.attempt >= call.request.attempts || ending.is_certificate) return std::nullopt;
    const bool is_undone = failure.code == 429;
    const bool is_unknown = failure.is_network() || failure.code >= 500;
    if (!is_undone && !(is_unknown && call.request.is_idempotent)) return std::nullopt;
    const Duration pause = call.backoff.next(jitter_);
    if (!failure.retry_after) return pause;
    if (*failure.retry_after > longest_retry_after) return std::nullopt;
    return *failure.retry_after + jitter_.between(Duration::zero(), first_pause);
}

void Client::State::ended(const CallPtr& call, const Ending& ending) {
    call->exchange = 0;
    ++counters_[{call->data ? "WATCH" : call->request.method, ending.code}];
    if (call->is_queued()) --in_flight_;
    if (is_success(ending.code)) {
        if (call->end) return finish(call, json::Value());
        auto parsed = json::Value::parse(call->body);
        if (parsed) return finish(call, std::move(*parsed));
        return finish(call, tl::unexpected(Failure{
                                .code = ending.code,
                                .reason = "Unreadable",
                                .message = fmt::format("{} {}: the API server's answer is no JSON",
                                                       call->request.method, call->request.path)}));
    }
    auto failure = failure_of(*call, ending);
    const auto pause = pause_before_next(*call, failure, ending);
    if (!pause) return finish(call, tl::unexpected(std::move(failure)));
    call->has_fresh_connection = failure.is_network();
    call->timer = reactor_->after(*pause, [this, call] {
        call->timer = 0;
        enqueue(call);
    });
    send_queued();
}

void Client::State::finish(const CallPtr& call, Answer answer) {
    calls_.erase(call->id);
    send_queued();
    if (call->done) return call->done(std::move(answer));
    call->end(answer ? std::nullopt : std::optional(std::move(answer.error())));
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::make(Reactor& reactor, const Clock& clock,
                                             const Config& config, const ClientOptions& options) {
    TRY_ASSIGN(auto transport, Transport::make(reactor, config));
    return std::unique_ptr<Client>(
        new Client(std::make_unique<State>(reactor, clock, config, options, std::move(transport))));
}

Client::CallId Client::send(Request request, std::function<void(Answer)> done) {
    return state_->send(std::move(request), std::move(done));
}

Client::CallId Client::stream(Request request, std::function<void(std::string_view)> data,
                              std::function<void(std::optional<Failure>)> end) {
    return state_->stream(std::move(request), std::move(data), std::move(end));
}

void Client::cancel(CallId call) {
    state_->cancel(call);
}
const Client::Counters& Client::counters() const {
    return state_->counters();
}
std::uint64_t Client::connections() const {
    return state_->connections();
}

}  // namespace muster::kube
