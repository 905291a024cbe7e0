"""A minimal data set with every table, in order, for tests: `write_tiny(path)`, then spoil what the test is about."""

from __future__ import annotations

from pathlib import Path

DATASET = """\
name = "tiny"
currency = "KRW"
timezone = "Asia/Seoul"
observed_until = 2024-04-30
language = "ko"
synthetic = true

[brand.alpha]
market_size = 10000
central_medium = "blog"
account_route = "page"
[brand.alpha.presence]
profile = true
identity = 0.5

[brand.beta]
market_size = 5000
central_medium = "sns"

[medium.blog]
kind = "blog"
side = "firm"

[medium.sns]
kind = "sns"
side = "customer"
"""

TABLES: dict[str, str] = {
    "posts": """\
post_id,brand,published_at,medium,role,kind,linked_post_id,impressions,reach,reactions,comments,shares,hides
p1,alpha,2024-03-04T09:00:00+09:00,blog,central,useful,,1000,800,40,5,6,0
p2,alpha,2024-03-06T12:30:00+09:00,sns,diffusion,promo,p1,2000,1500,20,1,2,7
p3,beta,2024-03-20T18:00:00+09:00,sns,central,answer,,300,250,12,4,1,0
p4,alpha,2024-04-10T10:00:00+09:00,sns,diffusion,participation,p2,900,700,50,9,11,1
""",
    "post_daily": """\
post_id,date,source,views,shares
p1,2024-03-04,feed,400,2
p1,2024-03-05,search,90,1
p2,2024-03-06,link,700,2
p3,2024-03-20,feed,200,1
p4,2024-04-11,share,300,5
""",
    "mentions": """\
mention_id,brand,created_at,medium,author_key,author_role,text,lang,parent_id,thread_id,reach,engagement,sentiment
m1,alpha,2024-03-05T10:00:00+09:00,sns,a1,customer,"배송이 빨라요
또 살게요",ko,p1,t1,120,4,0.8
m2,alpha,2024-03-05T11:00:00+09:00,blog,s1,brand,감사합니다,ko,m1,t1,,,
m3,alpha,2024-03-21T08:00:00+09:00,sns,a2,customer,"환불, 안 되나요",ko,,,60,1,-0.7
m4,beta,2024-04-02T21:15:00+09:00,sns,a3,unknown,,,,,,,0
""",
    "shares": """\
item_id,author_key,shared_at,via_author_key
p1,a1,2024-03-04T20:00:00+09:00,
p1,a2,2024-03-05T08:00:00+09:00,a1
m4,a3,2024-04-03T09:00:00+09:00,
""",
    "cases": """\
case_id,brand,opened_at,mention_id,first_response_at,resolved_at,team,responder,customer_key
k1,alpha,2024-03-21T08:00:00+09:00,m3,2024-03-21T10:30:00+09:00,2024-03-23T15:00:00+09:00,care,firm,c2
k2,alpha,2024-04-20T09:00:00+09:00,,2024-04-20T09:40:00+09:00,,care,advocate,
k3,beta,2024-04-29T22:00:00+09:00,,,,,,c4
""",
    "weekly": """\
brand,week,followers,new_followers,lost_followers,new_customers,units,revenue
alpha,2024-03-04,1000,40,5,3,30,900000
alpha,2024-03-11,1032,36,4,2,28,840000
alpha,2024-03-18,1050,25,7,1,-2,-60000
beta,2024-03-04,500,5,1,1,10,200000
""",
    "effort": """\
brand,week,activity,cost,hours
alpha,2024-03-04,listen,100000,5.5
alpha,2024-03-04,promo,300000,
alpha,2024-03-11,useful,150000,8
beta,2024-03-04,diffusion,50000,2
""",
    "media": """\
brand,week,channel,line,spend,impressions,reach,engaged
alpha,2024-03-04,tv,atl,8000000,210000,95000,1300
alpha,2024-03-04,fair,btl,900000,4000,3500,800
alpha,2024-03-11,tv,atl,0,0,0,0
beta,2024-03-04,tv,atl,500000,9000,4000,60
""",
    "reach_frequency": """\
brand,period,channel,line,frequency,people,target_people,impressions,universe,panel_n
alpha,2024-Q1,tv,atl,0,6000,1500,0,10000,2000
alpha,2024-Q1,tv,atl,1,3000,900,3000,10000,2000
alpha,2024-Q1,tv,atl,2,1000,400,2000,10000,2000
""",
    "duplication": """\
brand,period,channel_a,channel_b,people,target_people
alpha,2024-Q1,tv,sns,700,300
alpha,2024-Q1,tv,blog,200,
alpha,2024-Q1,sns,blog,150,90
""",
    "controls": """\
brand,week,name,value
alpha,2024-03-04,price,0.95
alpha,2024-03-11,price,1
beta,2024-03-04,holiday,-0.5
""",
    "events": """\
brand,start,end,kind,note
alpha,2024-03-18,2024-03-22,crisis,배송 지연
alpha,2024-04-01,2024-06-30,campaign,
beta,2024-04-08,2024-04-08,shock,
""",
    "customers": """\
customer_key,brand,acquired_at,source,segment,author_key,referred_by
c1,alpha,2024-03-05T10:00:00+09:00,organic,family,a1,
c2,alpha,2024-03-12T10:00:00+09:00,referral,family,a2,c1
c3,alpha,2024-04-15T10:00:00+09:00,paid,,,
c4,beta,2024-03-06T10:00:00+09:00,btl,,a3,
""",
    "purchases": """\
customer_key,purchased_at,amount
c1,2024-03-05T10:00:00+09:00,29900
c1,2024-04-05T10:00:00+09:00,19900
c2,2024-03-12T10:00:00+09:00,29900
c2,2024-03-22T10:00:00+09:00,-29900
c3,2024-04-15T10:00:00+09:00,9900
c4,2024-03-06T10:00:00+09:00,45000
""",
    "surveys": """\
customer_key,asked_at,question,answered_at,score
c1,2024-03-25T09:00:00+09:00,recommend,2024-03-26T20:00:00+09:00,9
c2,2024-03-25T09:00:00+09:00,recommend,2024-04-02T07:00:00+09:00,3
c4,2024-03-25T09:00:00+09:00,trust,,
""",
    "follows": """\
follower_key,followed_key,brand
a1,a2,
a2,a1,
a3,s1,alpha
""",
    "leads": """\
lead_key,author_key,brand,stage,entered_at,post_id,customer_key
l1,a1,alpha,lead,2024-03-04T21:00:00+09:00,p1,
l1,a1,alpha,customer,2024-03-05T10:00:00+09:00,,c1
l2,a3,beta,lost,2024-03-21T10:00:00+09:00,p3,
""",
}


def write_tiny(path: Path) -> Path:
    """Write the data set into a folder, which is made, and return the folder."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "dataset.toml").write_text(DATASET, encoding="utf-8")
    for name, text in TABLES.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


PEOPLE = ("mentions", "shares", "cases", "customers", "purchases", "surveys", "follows", "leads")


def write_people(folder: Path) -> Path:
    """Write it without the tables in which nobody occurs."""
    write_tiny(folder)
    for name in set(TABLES) - {"posts", *PEOPLE}:
        (folder / f"{name}.csv").unlink()
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    """Return every file's bytes, by its place in the folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
