// SPDX-License-Identifier: Apache-2.0
// One exchange as libcurl sees it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <functional>
#include <string>

#include "transport.hpp"

namespace muster::kube {

/// Where the server is: the base of every URL, and what is dialled instead of the URL's host where
/// the certificate has another name.
struct Endpoint {
    std::string base;        ///< "https://name:6443"
    std::string connect_to;  ///< "::10.0.0.1:6443", or empty
};

/// Errors: config.
Result<Endpoint> make_endpoint(const Config& config);

/// libcurl writes what arrives into `arrived` and calls `on_arrival`; it may not be called back
/// from there, so the loop delivers later.
struct Call {
    /// `connections` counts those that are opened.
    Call(const Config& config, const Endpoint& endpoint, std::uint64_t& connections, Exchange what);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    int code() const;
    /// How it ended, by what libcurl said.
    Ending ending(CURLcode result) const;

    Transport::Id id = 0;
    CURL* easy = nullptr;
    Exchange exchange;
    std::string url;
    curl_slist* headers = nullptr;
    curl_slist* connect_to = nullptr;
    std::string arrived = {};
    std::string retry_after = {};
    std::array<char, CURL_ERROR_SIZE> error{};
    std::function<void(Transport::Id)> on_arrival = {};
    Transport::OnData on_data = {};
    Transport::OnEnd on_end = {};

  private:
    void set_up_tls(const Config& config);
};

}  // namespace muster::kube
