// SPDX-License-Identifier: Apache-2.0
#include "muster/base/result.hpp"

#include <system_error>

namespace muster {

std::string os_error(int error_number) {
    return std::generic_category().message(error_number);
}

}  // namespace muster
