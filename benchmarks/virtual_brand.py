"""What one virtual brand costs: seconds, rows per table and memory for 8,000 people over 104 weeks."""

import time
import tracemalloc

from smm_analysis import virtual


def main() -> None:
    virtual.simulate(seed=1, people=200, weeks=8).tables()  # imports and caches
    start = time.perf_counter()
    sim = virtual.simulate(seed=1)
    simulated = time.perf_counter()
    made = sim.tables()
    done = time.perf_counter()
    print(f"simulate {simulated - start:.2f} s, tables {done - simulated:.2f} s, 8,000 people x 104 weeks")
    for name, table in made.items():
        print(f"{name:16s} {len(table):8,d} rows")
    tracemalloc.start()
    virtual.simulate(seed=1).tables()
    print(f"peak memory {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
