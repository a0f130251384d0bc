// SPDX-License-Identifier: Apache-2.0
// A thread that libzmq starts must be born with its signals blocked: between its start and its own
// pthread_sigmask(3) a SIGTERM to the process would be delivered to it, and end the broker.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <zmq.h>

#include <csignal>
#include <vector>

#include "zmq_socket.hpp"

namespace {
/// Whether SIGTERM was blocked at each thread's start; filled by the pthread_create(3) below.
std::vector<bool>& starts() {
    static std::vector<bool> made;
    return made;
}
}  // namespace

#ifndef __SANITIZE_ADDRESS__  // which has a pthread_create of its own
/// In place of libc's, for libzmq as well: notes the mask that the new thread inherits.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*routine)(void*), void* argument) {
    using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto real = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    starts().push_back(sigismember(&mask, SIGTERM) == 1);
    return real(thread, attributes, routine, argument);
}
#endif

namespace muster::rehearsal {
namespace {

TEST(ThreadsOfZeroMQ, AreBornWithTheirSignalsBlockedAndLeaveOurs) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizer interposes pthread_create itself";
#endif
    const auto context = *ZmqContext::make();
    starts().clear();
    const auto socket = *ZmqSocket::make(context, ZMQ_DEALER);
    ASSERT_FALSE(starts().empty());
    for (const bool is_blocked : starts()) EXPECT_TRUE(is_blocked);
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

}  // namespace
}  // namespace muster::rehearsal
