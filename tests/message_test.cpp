// Messages between a program and its workers, over real sockets.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include <host/pools/message.hpp>

namespace flynn {
namespace {

class MessageTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_.data()), 0); }
  void TearDown() override {
    for (const int end : ends_)
      if (end >= 0) close(end);
  }
  void hang_up() { close(std::exchange(ends_[1], -1)); }

  std::array<int, 2> ends_ = {-1, -1};
  Message got_ = {};
  int descriptor_ = -1;
};

TEST_F(MessageTest, BringsADescriptor) {
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  ASSERT_EQ(write(pipe[1], "x", 1), 1);
  ASSERT_EQ(send_message(ends_[0], {.kind = Message::Kind::map, .id = 7}, pipe[0]), 0);
  close(pipe[0]), close(pipe[1]);
  ASSERT_TRUE(receive_message(ends_[1], got_, descriptor_));
  EXPECT_EQ(got_.kind, Message::Kind::map);
  EXPECT_EQ(got_.id, 7u);
  ASSERT_GE(descriptor_, 0);
  char byte = 0;
  EXPECT_EQ(read(descriptor_, &byte, 1), 1);
  EXPECT_EQ(byte, 'x') << "it is not the pipe";
  close(descriptor_);
}

/// Linux then says that the connection was reset before it gives what had been sent.
TEST_F(MessageTest, TheLastWordOfOneThatReadNothingIsHeard) {
  ASSERT_EQ(send_message(ends_[0], {.kind = Message::Kind::board}), 0);
  ASSERT_EQ(send_message(ends_[1], {.kind = Message::Kind::refuse, .id = 7}), 0);
  hang_up();
  ASSERT_TRUE(receive_message(ends_[0], got_, descriptor_));
  EXPECT_EQ(got_.kind, Message::Kind::refuse);
  EXPECT_EQ(got_.id, 7u);
  EXPECT_FALSE(receive_message(ends_[0], got_, descriptor_));
}

TEST_F(MessageTest, ASilentEndIsNoMessage) {
  ASSERT_EQ(send_message(ends_[0], {.kind = Message::Kind::board}), 0);
  hang_up();
  EXPECT_FALSE(receive_message(ends_[0], got_, descriptor_));
  EXPECT_TRUE(is_hung_up(send_message(ends_[0], {.kind = Message::Kind::board})));
}

}  // namespace
}  // namespace flynn
