// SPDX-License-Identifier: Apache-2.0
// asker ADDRESS PORT NAME COUNT SECONDS: what asking costs: COUNT plain A questions for NAME,
// evenly over SECONDS, and nothing else. It prints the processor time that it took, in
// milliseconds.
#include <arpa/inet.h>
#include <resolv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

int main(int argc, char** argv) {
    if (argc != 6) return 64;
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 64;
    const int udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(udp, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) return 69;
    std::array<unsigned char, 512> bytes{};
    const int size = res_mkquery(ns_o_query, argv[3], ns_c_in, ns_t_a, nullptr, 0, nullptr,
                                 bytes.data(), bytes.size());
    const int count = std::atoi(argv[4]);
    const auto gap = std::chrono::duration<double>(std::atof(argv[5]) / count);
    std::array<unsigned char, 4096> reply{};
    for (int i = 0; i < count; ++i) {
        if (send(udp, bytes.data(), static_cast<std::size_t>(size), 0) != size ||
            recv(udp, reply.data(), reply.size(), 0) < 12)
            return 69;
        std::this_thread::sleep_for(gap);
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto milliseconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    std::printf("%.0f\n", milliseconds(used.ru_utime) + milliseconds(used.ru_stime));
}
