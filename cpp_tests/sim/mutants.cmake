# The simulator's own test: each fault is put into a copy of one of our sources, and a program with
# that copy in place of the original must break a promise within 1,000 seeds. The sources themselves
# know nothing of it. A text that is no longer there exactly once is an error, here.

add_library(groot_mutant_main OBJECT support/doctest_main.cpp sim/mutant_test.cpp)
target_link_libraries(groot_mutant_main PRIVATE groot_headers groot_flags doctest::doctest)
target_include_directories(groot_mutant_main SYSTEM PRIVATE /usr/include/doctest)

function(groot_mutant name file original fault)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  file(READ ${PROJECT_SOURCE_DIR}/${file} source)
  string(FIND "${source}" "${original}" first)
  string(FIND "${source}" "${original}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "mutant ${name}: not exactly once in ${file}: ${original}")
  endif()
  string(REPLACE "${original}" "${fault}" source "${source}")
  set(mutant ${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}.cpp)
  file(WRITE ${mutant}.new "${source}")
  configure_file(${mutant}.new ${mutant} COPYONLY)
  # Its object comes first, so the library's own is never asked for.
  add_executable(mutant_${name} ${mutant})
  target_compile_options(mutant_${name} PRIVATE -w)
  target_link_libraries(mutant_${name} PRIVATE groot_mutant_main groot_sim groot_flags)
  add_test(NAME mutant_${name} COMMAND mutant_${name})
endfunction()

groot_mutant(delete_leaves_no_tombstone store/replica.cpp
  [[return {key, nil_value(), stamp, RegisterKind::tombstone, std::nullopt};]]
  [[return {key, nil_value(), stamp, RegisterKind::value, std::nullopt};]])
groot_mutant(tombstone_goes_at_once store/tombstones.cpp
  [[deadlines_.push({wall_ms + ttl_ms_, slot, stamp});]]
  [[deadlines_.push({wall_ms + 1, slot, stamp});]])
groot_mutant(old_tombstone_is_merged store/tombstones.cpp
  [[time_ms_max)) >= ttl_ms_;]]
  [[time_ms_max)) < 0;]])
groot_mutant(stamp_is_not_raised store/replica.cpp
  [[return clock.issue(now.wall_ms, found ? found->reg->stamp() : Timestamp{});]]
  [[return clock.issue(now.wall_ms);]])
groot_mutant(clock_follows_wall_time_back store/hybrid_clock.cpp
  [[wall > last_.time_ms ? Timestamp]]
  [[wall != last_.time_ms ? Timestamp]])
groot_mutant(later_arrival_wins store/replica.cpp
  [[if (merge_order(incoming, found->reg->view()) <= 0) {]]
  [[if (incoming.stamp == held) {]])
groot_mutant(extra_pair_is_not_bound cnode/process/register_codec.cpp
  [[if (extra && extra->stamp == reg.stamp) {]]
  [[if (extra) {]])
groot_mutant(deadline_is_not_bound store/replica.cpp
  [[return reg != nullptr && reg->stamp() == entry.stamp && reg->expires_at_ms() == entry.at_ms;]]
  [[return reg != nullptr && !reg->is_tombstone();]])
groot_mutant(expired_value_is_read store/replica.cpp
  [[return reg && !is_past_deadline(reg->expires_at_ms(), wall_ms) ? reg : RegisterPtr();]]
  [[return reg;]])
groot_mutant(list_key_is_sent_to_stock cnode/process/replication.cpp
  [[return peer.is_ours() || !reg.key_is_list();]]
  [[return true;]])
groot_mutant(nothing_is_compared_on_link_up cnode/process/router.cpp
  [[exchange.ready(peer, now);]]
  [[]])
# Two versions of a key look alike.
groot_mutant(digest_collides store/fingerprint.cpp
  [[fold(hash ^ sqrt_2, when ^ sqrt_3)]]
  [[fold(hash ^ sqrt_2, when & 0)]])
groot_mutant(delete_at_peer_is_taken_for_a_loss store/peer_knowledge.cpp
  [[if (kind_ == PeerKind::stock_with_delete) return Verdict::deleted_there;]]
  [[]])
groot_mutant(loss_at_peer_is_taken_for_a_delete store/peer_knowledge.cpp
  [[if (kind_ == PeerKind::stock_with_delete) return Verdict::deleted_there;]]
  [[if (kind_ != PeerKind::ours) return Verdict::deleted_there;]])
groot_mutant(no_correction store/peer_knowledge.cpp
  [[return on_its_way || !may_be_sent(reg) ? Verdict::nothing : Verdict::send;]]
  [[return Verdict::nothing;]])
groot_mutant(shown_version_is_not_told_apart store/peer_knowledge.cpp
  [[void PeerKnowledge::version_changed(Slot slot) {
  shown_.clear(slot);]]
  [[void PeerKnowledge::version_changed(Slot slot) {]])
groot_mutant(change_at_peer_is_not_fetched cnode/process/announce_feed.cpp
  [[if (count == feed.baseline && !feed.confirm) return;]]
  [[if (feed.baseline && !feed.confirm) return;]])
groot_mutant(restarted_storage_is_not_looked_for cnode/process/peer_probe.cpp
  [[    hooks_.storage_down(*peer, now);
  }
  ask_storage(link, now);]]
  [[    hooks_.storage_down(*peer, now);
  }]])
groot_mutant(sync_is_due_again cnode/process/announce_feed.cpp
  [[if (feed.phase == Phase::awaiting_baseline) return std::nullopt;]]
  [[if (feed.phase == Phase::awaiting_baseline) return feed.sync_ms;]])
groot_mutant(stamp_is_not_raised_at_restart cnode/disk/load.cpp
  [[replica.restore_clock(clock);]]
  [[]])
groot_mutant(sync_is_answered_before_it_is_saved cnode/process/saves.cpp
  [[if (waits()) {]]
  [[if (false) {]])
groot_mutant(doubt_is_ignored cnode/disk/load.cpp
  [[if (left_ms != 0 && now.wall_ms - left_ms > tombstone_ttl_ms) replica.doubt_restored(left_ms);]]
  [[]])
groot_mutant(doubtful_is_sent store/sync.cpp
  [[if (impl_->doubt.about(slot)) return;]]
  [[]])
groot_mutant(doubtful_is_dropped_though_all_else_was_lost store/doubt.cpp
  [[Verdict::keep : Verdict::open;]]
  [[Verdict::drop : Verdict::open;]])
groot_mutant(tombstone_proves_that_memory_goes_on store/replica.cpp
  [[if (reg.kind == RegisterKind::value) doubt.held_by(from, reg.stamp);]]
  [[doubt.held_by(from, reg.stamp);]])
groot_mutant(deadline_is_lost_at_restart store/restore.cpp
  [[if (const auto at = reg->expires_at_ms()) impl.expiries.push({*at, slot, reg->stamp()});]]
  [[]])
groot_mutant(saved_tombstone_is_as_old_as_its_stamp cnode/disk/record.cpp
  [[tombstone ? now_ms : reg]]
  [[tombstone ? 0 : reg]])
