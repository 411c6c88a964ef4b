using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace BinarySize.EndToEnd;

/// <summary>
/// A container registry on the loopback device, for reading: one image of one layer, as the OCI distribution
/// specification 1.1 serves it. Base images of others are large, and somewhere else.
/// </summary>
internal sealed class Registry : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Dictionary<string, (string Type, byte[] Content)> _answers = [];
    private readonly Task _loop;

    /// <summary>host:port.</summary>
    public string Address { get; }

    /// <summary>The one image.</summary>
    public string Image => Address + "/base:1.0";

    /// <summary>Serves an image whose layer has these files.</summary>
    public Registry(string folder)
    {
        string tar = Path.Combine(folder, "..", "layer.tar");
        Tool.Run("tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf", tar, "-C", folder, ".");
        byte[] unpacked = File.ReadAllBytes(tar);
        Tool.Run("gzip", "-n", tar);
        byte[] layer = File.ReadAllBytes(tar + ".gz");
        byte[] config = Encoding.UTF8.GetBytes($$"""
            {"architecture":"amd64","os":"linux","created":"2024-01-01T00:00:00Z","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"]},"rootfs":{"type":"layers","diff_ids":["{{Digest(unpacked)}}"]},"history":[{"created":"2024-01-01T00:00:00Z","created_by":"test"}]}
            """);
        byte[] manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{Digest(config)}}","size":{{config.Length}}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{Digest(layer)}}","size":{{layer.Length}}}]}
            """);
        _answers["/v2/"] = ("application/json", "{}"u8.ToArray());
        foreach (string name in (string[])["1.0", Digest(manifest)]) _answers["/v2/base/manifests/" + name] = ("application/vnd.oci.image.manifest.v1+json", manifest);
        foreach (byte[] blob in (byte[][])[config, layer]) _answers["/v2/base/blobs/" + Digest(blob)] = ("application/octet-stream", blob);

        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        }
        _listener.Prefixes.Add($"http://{Address}/");
        _listener.Start();
        _loop = Serve();
    }

    public void Dispose()
    {
        _listener.Close();
        _loop.Wait(TimeSpan.FromSeconds(5));
    }

    private async Task Serve()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using HttpListenerResponse response = context.Response;
            if (!_answers.TryGetValue(context.Request.Url!.AbsolutePath, out (string Type, byte[] Content) answer))
            {
                response.StatusCode = 404;
                continue;
            }
            response.ContentType = answer.Type;
            response.ContentLength64 = answer.Content.Length;
            response.Headers["Docker-Content-Digest"] = Digest(answer.Content);
            if (context.Request.HttpMethod != "HEAD") await response.OutputStream.WriteAsync(answer.Content);
        }
    }

    private static string Digest(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
}
