#pragma once
#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <vector>

#include <flynn/mp/batch.hpp>

namespace flynn::mp {

namespace detail {
enum class Order { as_given, as_done };
}

/// What imap gives: the results one by one, for a range-based for loop or by next(). Takes items from their range only
/// a few tasks ahead of the results. Not copyable, not for several threads.
template <class F, class Arguments, class View, detail::Order order>
class ResultStream {
  using Item = std::ranges::range_value_t<View>;
  using Chunk = detail::ManyCalls<F, Arguments, std::vector<Item>, detail::Item::argument>;

 public:
  using Result = typename Chunk::Result;
  static_assert(!std::is_void_v<Result>, "flynn::mp: imap is for functions that give something back; use map");

  ResultStream(std::shared_ptr<detail::BatchEngine> engine, F function, View items, std::size_t chunk)
      : engine_(std::move(engine)),
        function_(std::move(function)),
        items_(std::move(items)),
        chunk_(std::max<std::size_t>(chunk, 1)) {}

  /// The next result; none at the end. Throws what the task failed with, or TimeoutError; the next call goes on.
  std::optional<Result> next(Duration timeout = forever) {
    if (taken_ == results_.size() && !take_chunk(timeout)) return {};
    return std::move(results_[taken_++]);
  }

  class Iterator {
   public:
    using value_type = Result;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(ResultStream& stream) : stream_(&stream) { ++*this; }
    Result& operator*() const { return *stream_->current_; }
    Iterator& operator++() {
      stream_->current_ = stream_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !stream_->current_; }

   private:
    ResultStream* stream_;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  bool take_chunk(Duration timeout) {
    submit_ahead();
    if (chunks_.empty()) return false;
    const auto chunk = first_to_take(detail::deadline_after(timeout));
    if (chunk == chunks_.end()) throw TimeoutError(Code::deadline_exceeded, "the result was not there in time");
    const auto tasks = std::move(*chunk);
    chunks_.erase(chunk);
    submit_ahead();
    detail::rethrow(*tasks);
    results_ = tasks->take();
    taken_ = 0;
    return true;
  }

  auto first_to_take(std::int64_t deadline) {
    auto found = chunks_.end();
    auto is_there = [&] {
      const auto last = order == detail::Order::as_given ? std::next(chunks_.begin()) : chunks_.end();
      found = std::find_if(chunks_.begin(), last, [](const auto& tasks) { return tasks->is_ready(); });
      return found != last;
    };
    return engine_->help_until(is_there, deadline) ? found : chunks_.end();
  }

  void submit_ahead() {
    if (!is_begun_) here_ = std::ranges::begin(items_);
    is_begun_ = true;
    const std::size_t ahead = 2 * std::size_t(engine_->workers()) + 1;
    while (chunks_.size() < ahead && *here_ != std::ranges::end(items_)) {
      std::vector<Item> items;
      for (; items.size() < chunk_ && *here_ != std::ranges::end(items_); ++*here_) items.push_back(**here_);
      chunks_.push_back(std::make_shared<Chunk>(engine_, TaskOptions{}, function_, std::move(items), chunk_));
      engine_->submit(chunks_.back(), true);
    }
  }

  std::shared_ptr<detail::BatchEngine> engine_;
  F function_;
  View items_;
  std::size_t chunk_;
  bool is_begun_ = false;
  std::optional<std::ranges::iterator_t<View>> here_;
  std::deque<std::shared_ptr<Chunk>> chunks_;
  std::vector<Result> results_;
  std::size_t taken_ = 0;
  std::optional<Result> current_;
};

}  // namespace flynn::mp
