/* points.h - named points for seeded bugs: a forced run passes them in the order
 * of a schedule file, so that an unlucky interleaving happens every time.
 *
 * A schedule has one "THREAD POINT" pair a line ('#' starts a comment). A thread that
 * comes to a point that still has a line waits until all lines above it have been
 * passed. Points without a line, and all points once the schedule is used up, let
 * everybody through. Built without BUG_POINTS, a point is nothing at all. */
#ifndef POINTS_H
#define POINTS_H

#ifdef BUG_POINTS
/* Reads the schedule, or exits 2 with one line. Before any other thread exists. */
void points_load(const char *path);
/* Blocks until it is the turn of (thread, name). If nobody passes a point for 10 s, says where it stands and exits 3.
 */
void point(const char *thread, const char *name);
#else
#define points_load(path) ((void)(path))
#define point(thread, name) ((void)(thread), (void)(name))
#endif

#endif
