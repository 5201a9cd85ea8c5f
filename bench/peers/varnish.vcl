# A caching proxy before nginx, which stands for an application that is slow.
vcl 4.1;
backend application { .host = "127.0.0.1"; .port = "@BACKEND@"; }

sub vcl_backend_response {
    unset beresp.http.Cache-Control; # no-cache is meant for browsers
    set beresp.ttl = 1h;
    return (deliver);
}
