-- 133 bytes of JSON that the schema NewBook accepts.
wrk.method = "POST"
wrk.body = '{"title":"The Left Hand of Darkness","author":"Ursula K. Le Guin","year":1969,"price":9.9,"tags":["novel","classic","hugo","nebula"]}'
wrk.headers["Content-Type"] = "application/json"
