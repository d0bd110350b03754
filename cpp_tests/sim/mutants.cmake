# The simulator's own test: each fault is put into a copy of one of our sources, and a program with
# that copy in place of the original must break a promise within 1,000 seeds of the one it begins
# with: 1, or one that has found it before. The sources themselves know nothing of it. A text that is
# no longer there exactly once is an error, here.

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
  target_link_options(mutant_${name} PRIVATE -Wl,--strip-debug)
  target_link_libraries(mutant_${name} PRIVATE groot_mutant_main groot_sim groot_flags)
  add_test(NAME mutant_${name} COMMAND mutant_${name})
  if(ARGN)  # the seed to begin with
    set_tests_properties(mutant_${name} PROPERTIES ENVIRONMENT GROOT_FIRST_SEED=${ARGN})
  endif()
endfunction()

groot_mutant(delete_leaves_no_tombstone store/register.cpp
  [[return {key, nil_value(), stamp, RegisterKind::tombstone, std::nullopt};]]
  [[return {key, nil_value(), stamp, RegisterKind::value, std::nullopt};]])
groot_mutant(tombstone_goes_at_once store/tombstones.cpp
  [[deadlines_.push({wall_ms + ttl_ms_, slot, stamp});]]
  [[deadlines_.push({wall_ms + 1, slot, stamp});]])
groot_mutant(old_tombstone_is_merged store/tombstones.cpp
  [[return cluster_ms - time_of(stamp) >= ttl_ms_ || is_ahead(stamp, cluster_ms);]]
  [[return false;]])
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
  [[return reg && !is_past_deadline(reg->expires_at_ms(), deadline_ms) ? reg : RegisterPtr();]]
  [[return reg;]])
groot_mutant(list_key_is_sent_to_stock cnode/process/replication.cpp
  [[return peer.is_ours() || !reg.key_is_list();]]
  [[return true;]])
groot_mutant(nothing_is_compared_on_link_up cnode/process/router.cpp
  [[exchange.ready(peer, now);]]
  [[]])
# Two versions of a key look alike.
groot_mutant(digest_collides store/fingerprint.cpp
  [[return fold(fold(hash ^ sqrt_2, when ^ sqrt_3) ^ sqrt_5,]]
  [[return fold(hash ^ sqrt_2, sqrt_5) | 0 * fold(when,]])
groot_mutant(delete_at_peer_is_taken_for_a_loss store/peer_knowledge.cpp
  [[if (kind_ == PeerKind::stock_with_delete || was_wiped()) return Verdict::deleted_there;]]
  [[if (was_wiped()) return Verdict::deleted_there;]] 211)
# Above all that the peer writes next, where our clock is ahead.
groot_mutant(delete_at_peer_is_stamped_on_arrival store/acts.cpp
  [[const Timestamp above = just_above(found.reg->stamp());]]
  [[const Timestamp above = clock.issue(now.wall_ms, found.reg->stamp()).value();]])
groot_mutant(wipe_at_peer_is_taken_for_a_loss store/peer_knowledge.cpp
  [[if (kind_ == PeerKind::stock_with_delete || was_wiped()) return Verdict::deleted_there;]]
  [[if (kind_ == PeerKind::stock_with_delete) return Verdict::deleted_there;]])
groot_mutant(write_after_ours_is_not_stamped_anew store/acts.cpp
  [[if (writer->has_stamped(*held.reg)) return merged;]]
  [[return merged;]])
groot_mutant(shown_write_after_ours_is_not_stamped_anew store/replica.cpp
  [[if (reg.stamp < held && shower->is_new_write(reg.stamp) &&]]
  [[if (false &&]] 104)
groot_mutant(write_stamped_anew_overtakes_its_writer store/acts.cpp
  [[announce(later, hash, found, writer.id(), now, effects);]]
  [[announce(later, hash, found, 0, now, effects);]] 1028)
groot_mutant(reclaiming_takes_any_version cnode/process/reclaimer.cpp
  [["case Rest of #{Key := #{hlc := Hlc}} -> ]]
  [["case Rest of #{Key := _} -> ]])
groot_mutant(late_delete_takes_what_was_set_since store/acts.cpp
  [[doer->wrote_since(*found->reg)]]
  [[false]] 219)
groot_mutant(delete_over_a_new_link_takes_what_was_set_since store/acts.cpp
  [[return !doer.is_followed() &&]]
  [[return false &&]] 13655)
groot_mutant(what_is_deleted_is_stamped_anew store/acts.cpp
  [[if (writer->has_stamped(*held.reg)) return merged;]]
  [[]])
groot_mutant(no_correction store/peer_knowledge.cpp
  [[return on_its_way || !may_be_sent(reg) ? Verdict::nothing : Verdict::send;]]
  [[return Verdict::nothing;]])
groot_mutant(shown_version_is_not_told_apart store/peer_knowledge.cpp
  [[void PeerKnowledge::version_changed(Slot slot) {
  shown_.clear(slot);]]
  [[void PeerKnowledge::version_changed(Slot slot) {]])
groot_mutant(change_at_peer_is_not_fetched cnode/process/announce_feed.cpp
  [[(count == feed.baseline && !feed.confirm)]]
  [[(feed.baseline && !feed.confirm)]])
groot_mutant(nothing_is_passed_on cnode/process/mesh.cpp
  [[from.passed_on_to.push_back(to.link);]]
  [[]])
groot_mutant(what_stock_brought_first_is_not_passed_on cnode/process/storage_process.cpp
  [[replica_.merge_pushed(from.id]]
  [[replica_.merge(from.id]])
groot_mutant(restarted_storage_is_not_looked_for cnode/process/peer_probe.cpp
  [[    hooks_.storage_down(*peer, now);
  }
  ask_storage(link, now);]]
  [[    hooks_.storage_down(*peer, now);
  }]])
groot_mutant(sync_is_due_again cnode/process/announce_feed.cpp
  [[if (feed.phase == Phase::awaiting_baseline) return std::nullopt;]]
  [[if (feed.phase == Phase::awaiting_baseline) return feed.sync_ms;]] 330)
groot_mutant(stamp_is_not_raised_at_restart cnode/disk/load.cpp
  [[  replica.restore_clock(last, unsaved_ms, now);]]
  [[]])
groot_mutant(deadline_is_held_against_our_own_clock store/wall_time.cpp
  [[deadlines_ = *middle;]]
  [[deadlines_ = wall_;]])
groot_mutant(clock_that_jumps_is_followed store/wall_time.cpp
  [[if (off > wall_step_ms_max) {]]
  [[if (false) {]])
groot_mutant(sync_is_answered_before_it_is_saved cnode/process/saves.cpp
  [[if (!waits()) return done({}, now);]]
  [[return done({}, now);]])
groot_mutant(doubt_is_ignored cnode/disk/load.cpp
  [[if (left_ms != 0 && now.wall_ms - left_ms > tombstone_ttl_ms) replica.begin_doubt();]]
  [[]])
groot_mutant(doubtful_is_sent store/sync.cpp
  [[if (reg == nullptr || impl_->doubt.about(*slot)) continue;]]
  [[if (reg == nullptr) continue;]])
groot_mutant(memory_that_began_later_proves cnode/process/kept_peers.cpp
  [[const bool same = !memory.empty() && memory == kept.memory;]]
  [[const bool same = true;]])
groot_mutant(what_a_peer_never_had_is_dropped store/doubt.cpp
  [[numbers_[slot] = number == 0 ? std::numeric_limits<std::uint64_t>::max() : number;]]
  [[numbers_[slot] = 1 + 0 * number;]] 123)
groot_mutant(deadline_is_lost_at_restart store/restore.cpp
  [[if (const auto at = reg->expires_at_ms()) impl.expiries.push({*at, slot, reg->stamp()});]]
  [[]])
groot_mutant(saved_tombstone_is_as_old_as_its_stamp cnode/disk/record.cpp
  [[tombstone ? now_ms : reg]]
  [[tombstone ? 0 : reg]] 202)
groot_mutant(what_is_written_is_asked_for_late cnode/process/announce_feed.cpp
  [[const std::int64_t interval_ms = quiet ? quiet_poll_interval_ms : poll_interval_ms;]]
  [[const std::int64_t interval_ms = 10 * (quiet ? quiet_poll_interval_ms : poll_interval_ms);]])
groot_mutant(delete_all_keeps_what_was_shown store/replica.cpp
  [[for (PeerKnowledge& peer : impl.peers) peer.we_lost_data();]]
  [[]] 66)
groot_mutant(first_of_a_hash_speaks_for_all cnode/process/exchange_round.cpp
  [[if (std::equal(group, end, mine.begin(), mine.end())) {]]
  [[if (!mine.empty() && *group == mine.front()) {]] 455)
groot_mutant(lifetimes_are_taken_for_equal cnode/process/replication.cpp
  [[if (peer.exchanges) ttl_ms = std::min(ttl_ms, peer.hello->tombstone_ttl_ms);]]
  [[]])
groot_mutant(values_of_one_stamp_look_alike store/fingerprint.cpp
  [[fate ^ reg.value_hash() ^ sqrt_2]]
  [[fate ^ sqrt_2]])
groot_mutant(first_of_one_stamp_stays store/register.cpp
  [[if (const auto order = order_of_bytes(a.value, b.value); order != 0) return order;]]
  [[]])
groot_mutant(other_version_is_sent_nothing cnode/process/exchange.cpp
  [[    replication_.push_full_state(peer, now);
    return;]]
  [[    return state_sent(peer, now);]] 201)
groot_mutant(saved_tombstone_is_aged_by_the_clock_that_saved_it store/restore.cpp
  [[std::min(kept.arrived_ms, now.wall_ms),
                          now.deadline_ms());]]
  [[kept.arrived_ms, kept.arrived_ms);]] 106)
