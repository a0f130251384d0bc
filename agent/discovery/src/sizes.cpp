// SPDX-License-Identifier: Apache-2.0
#include "platforms.hpp"

namespace muster::discovery {

Result<void> set_sizes(const IdentityRequest& request, std::optional<std::uint32_t> known,
                       Identity& identity) {
    const auto size = request.size ? request.size : known;
    if (!size)
        return fail(Kind::usage, "the number of brokers is not known: give --size (MUSTER_SIZE)");
    identity.size = *size;
    identity.max_size = request.max_size.value_or(*size);
    if (identity.size == 0)
        return fail(Kind::usage, "size is 0: an instance has at least one broker");
    if (identity.max_size < identity.size)
        return fail(Kind::usage,
                    "size {} is larger than max-size {}: raise --max-size (MUSTER_MAX_SIZE)",
                    identity.size, identity.max_size);
    if (identity.max_size > most_ranks)
        return fail(Kind::usage, "max-size {} is larger than {}", identity.max_size, most_ranks);
    return {};
}

Result<void> check_rank(const Identity& identity, std::string_view hint) {
    if (identity.rank < identity.max_size) return {};
    return fail(Kind::config,
                "rank {} of {} is beyond max-size {}: raise --max-size (MUSTER_MAX_SIZE), or run "
                "fewer pods{}",
                identity.rank, format(identity.platform), identity.max_size, hint);
}

}  // namespace muster::discovery
