"""What a Python program does with redis-py: printed as one JSON line for the test to look at."""

import json
import sys
import threading

import redis

port = int(sys.argv[1])
client = redis.Redis(port=port, decode_responses=True)
result = {"version": redis.__version__}

client.set("greeting", "hello", ex=100)
result["get"] = client.get("greeting")
result["ttl"] = 0 < client.ttl("greeting") <= 100

with client.pipeline() as pipe:
    pipe.hset("h", mapping={"a": 1, "b": 2}).hgetall("h").zadd("z", {"x": 1.5, "y": 2})
    pipe.zrange("z", 0, -1, withscores=True)
    result["pipeline"] = pipe.execute()


def add_one(pipe):
    value = int(pipe.get("counter") or 0)
    pipe.multi()
    pipe.set("counter", value + 1)


def contend():
    for _ in range(20):
        redis.Redis(port=port).transaction(add_one, "counter")


threads = [threading.Thread(target=contend) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
result["transactions"] = client.get("counter")

script = client.register_script("return {KEYS[1], tonumber(ARGV[1]) * 2}")
result["script"] = script(keys=["k"], args=[21])

pubsub = client.pubsub()
pubsub.subscribe("news")
pubsub.get_message(timeout=5)
client.publish("news", "it works")
result["message"] = pubsub.get_message(timeout=5)["data"]

client.xgroup_create("log", "group", id="0", mkstream=True)
client.xadd("log", {"event": "start"})
[[_, entries]] = client.xreadgroup("group", "reader", {"log": ">"}, block=5000)
result["stream"] = entries[0][1]
result["acked"] = client.xack("log", "group", entries[0][0])

with client.lock("lock", timeout=10):
    result["locked"] = client.exists("lock")
result["unlocked"] = client.exists("lock")

client.rpush("queue", "job")
result["blpop"] = client.blpop("queue", timeout=5)
result["scan"] = sorted(client.scan_iter(match="*e*", count=2))
try:
    client.lpush("greeting", "x")
except redis.ResponseError as error:
    result["error"] = str(error)
result["info"] = client.info("server")["redis_mode"]
result["config"] = client.config_get("databases")
result["clients"] = len(client.client_list()) > 0
print(json.dumps(result))
