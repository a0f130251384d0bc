// SPDX-License-Identifier: Apache-2.0
#include "call.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>
#include <utility>

#include "muster/base/assert.hpp"

namespace muster::kube {
namespace {

/// Sets an option; those of ours are known to the libcurl that we require.
template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy, option, value);
    MUSTER_ASSERT(code == CURLE_OK);
}

/// Bytes that libcurl reads when it connects; the text outlives the transfer.
void set_blob(CURL* easy, CURLoption option, const std::string& text) {
    curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
    set(easy, option, &blob);
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* call) {
    auto& self = *static_cast<Call*>(call);
    self.arrived.append(data, size);
    self.on_arrival(self.id);
    return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* call) {
    constexpr std::string_view name = "retry-after:";
    const std::string_view line(data, size);
    if (line.size() > name.size() && ::strncasecmp(data, name.data(), name.size()) == 0)
        static_cast<Call*>(call)->retry_after = line.substr(name.size());
    return size;
}

/// A peer that is gone without a word is noticed by the kernel: after 30 s without traffic it
/// probes, and what was sent and not confirmed for 45 s ends the connection (tcp(7)).
int set_up_socket(void* connections, curl_socket_t fd, curlsocktype) {
    ++*static_cast<std::uint64_t*>(connections);
    const int idle = 30, interval = 5, probes = 3, on = 1;
    const unsigned unconfirmed_ms = 45'000;
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unconfirmed_ms, sizeof unconfirmed_ms);
    return CURL_SOCKOPT_OK;
}

bool is_certificate(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CACERT_BADFILE;
}

}  // namespace

Result<Endpoint> make_endpoint(const Config& config) {
    const auto refuse = [&](std::string_view why) {
        return fail(Kind::config, "server {}: {}; write it as https://HOST:PORT", config.server,
                    why);
    };
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
    const auto part = [&](CURLUPart which) {
        char* text = nullptr;
        if (curl_url_get(url.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
            return std::string();
        std::string copy(text);
        curl_free(text);
        return copy;
    };
    if (curl_url_set(url.get(), CURLUPART_URL, config.server.c_str(), 0) != CURLUE_OK)
        return refuse("this is no URL");
    const std::string scheme = part(CURLUPART_SCHEME);
    if (scheme != "https" && scheme != "http") return refuse("this is no URL of HTTP");
    if (!part(CURLUPART_USER).empty() || !part(CURLUPART_QUERY).empty())
        return refuse("a user or a query is no part of it");
    if (scheme == "http" && !(config.token.empty() && config.token_file.empty()))
        return refuse("a token would go over the network for all to read");
    if (config.server_name.empty()) return Endpoint{config.server, ""};
    const std::string path = part(CURLUPART_PATH);
    const std::string port = part(CURLUPART_PORT);
    return Endpoint{
        fmt::format("{}://{}:{}{}", scheme, config.server_name, port, path == "/" ? "" : path),
        fmt::format("::{}:{}", part(CURLUPART_HOST), port)};
}

Call::Call(const Config& config, const Endpoint& endpoint, std::uint64_t& connections,
           Exchange what)
    : easy(curl_easy_init()), exchange(std::move(what)), url(endpoint.base + exchange.target) {
    MUSTER_ASSERT(easy != nullptr);
    set(easy, CURLOPT_URL, url.c_str());
    set(easy, CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
    if (!exchange.body.empty()) {
        set(easy, CURLOPT_POSTFIELDS, exchange.body.c_str());
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
    }
    for (const auto& header : exchange.headers)
        headers = curl_slist_append(headers, header.c_str());
    set(easy, CURLOPT_HTTPHEADER, headers);
    if (!endpoint.connect_to.empty()) {
        connect_to = curl_slist_append(nullptr, endpoint.connect_to.c_str());
        set(easy, CURLOPT_CONNECT_TO, connect_to);
    }
    set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
    set(easy, CURLOPT_PIPEWAIT, 1L);  // for the connection that is being made, rather than another
    set(easy, CURLOPT_FRESH_CONNECT, exchange.has_fresh_connection ? 1L : 0L);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    set(easy, CURLOPT_TIMEOUT_MS,
        long{std::chrono::ceil<std::chrono::milliseconds>(exchange.timeout).count()});
    set(easy, CURLOPT_SOCKOPTFUNCTION, &set_up_socket);
    set(easy, CURLOPT_SOCKOPTDATA, &connections);
    set(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy, CURLOPT_WRITEDATA, this);
    set(easy, CURLOPT_HEADERFUNCTION, &take_header);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_ERRORBUFFER, error.data());
    set_up_tls(config);
}

void Call::set_up_tls(const Config& config) {
    set(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    set(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // authorities rotate
    set(easy, CURLOPT_SSL_VERIFYPEER, config.skips_verification ? 0L : 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, config.skips_verification ? 0L : 2L);
    if (!config.authority.data.empty())
        set_blob(easy, CURLOPT_CAINFO_BLOB, config.authority.data);
    else if (!config.authority.file.empty())
        set(easy, CURLOPT_CAINFO, config.authority.file.c_str());
    if (!config.certificate.data.empty())
        set_blob(easy, CURLOPT_SSLCERT_BLOB, config.certificate.data);
    else if (!config.certificate.file.empty())
        set(easy, CURLOPT_SSLCERT, config.certificate.file.c_str());
    if (!config.key.data.empty())
        set_blob(easy, CURLOPT_SSLKEY_BLOB, config.key.data.reveal());
    else if (!config.key.file.empty())
        set(easy, CURLOPT_SSLKEY, config.key.file.c_str());
}

Call::~Call() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
}

int Call::code() const {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
}

Ending Call::ending(CURLcode result) const {
    if (result == CURLE_OK) return Ending{.code = code(), .retry_after = retry_after};
    return Ending{.cause = error.front() != '\0' ? error.data() : curl_easy_strerror(result),
                  .is_certificate = is_certificate(result)};
}

}  // namespace muster::kube
