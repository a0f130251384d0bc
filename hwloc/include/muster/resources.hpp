// SPDX-License-Identifier: Apache-2.0
#pragma once

// What pods may use, and how Flux is told: the whole face of hwloc/.
#include "muster/resources/detect.hpp"
#include "muster/resources/quota.hpp"
#include "muster/resources/r.hpp"
#include "muster/resources/shape.hpp"
