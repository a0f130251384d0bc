// SPDX-License-Identifier: Apache-2.0
#include "client_address.hpp"

namespace muster::rehearsal {

json::Value encode_address(const ClientAddress& address) {
    auto value = json::Value::object();
    value.set("rank", json::Value::integer(address.rank));
    value.set("connection", json::Value::integer(address.connection));
    value.set("request", json::Value::integer(address.request));
    return value;
}

Result<ClientAddress> decode_address(const json::Value& body) {
    const auto client = body.get("client");
    ClientAddress address;
    TRY_ASSIGN(const auto rank, client.integer_at("rank"));
    TRY_ASSIGN(address.connection, client.integer_at("connection"));
    TRY_ASSIGN(address.request, client.integer_at("request"));
    if (rank < 0 || rank > 1 << 30) return fail(Kind::malformed, "'rank' is {}", rank);
    address.rank = static_cast<Rank>(rank);
    return address;
}

}  // namespace muster::rehearsal
