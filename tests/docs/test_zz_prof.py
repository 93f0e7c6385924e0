import time
def test_prof(cluster):
    t=cluster.template("docs"); a=cluster.admin
    print(a.execute("show fsync").fetchone())
    for s in ("FILE_COPY","WAL_LOG")*4 if 0 else ["FILE_COPY","WAL_LOG"]*4:
        t0=time.time(); a.execute(f'create database zz template "{t}" strategy {s}'.encode()); t1=time.time(); a.execute(b"drop database zz with (force)"); t2=time.time()
        print("clone", s, round(t1-t0,3), round(t2-t1,3))
