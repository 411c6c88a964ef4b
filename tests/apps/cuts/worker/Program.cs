using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// A service that reads its settings, asks a server, and logs. With an argument: what cuts take away.
if (args is ["http3", var server])
{
    try
    {
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, server) { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionExact });
        Console.WriteLine(answer.StatusCode);
    }
    catch (Exception e)
    {
        Console.WriteLine($"{e.GetType().Name} quic {System.Net.Quic.QuicConnection.IsSupported}");
    }
    return;
}
if (args is ["linear", var pattern])
{
    try
    {
        Console.WriteLine(Regex.Match("abracadabra", pattern, RegexOptions.NonBacktracking).Index);
    }
    catch (NotSupportedException e)
    {
        Console.WriteLine(e.GetType().Name);
    }
    return;
}

var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { Args = args, ContentRootPath = args is ["reload", var folder] ? folder : AppContext.BaseDirectory });
builder.Logging.ClearProviders().AddSimpleConsole(o => o.SingleLine = true);
builder.Services.AddHostedService<Worker>();
using IHost host = builder.Build();
await host.RunAsync();

internal sealed class Worker(IConfiguration settings, IHostApplicationLifetime life, ILogger<Worker> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        Console.WriteLine($"settings say {settings["Name"]}");
        if (settings["File"] is { } file)
        {
            // Somebody writes into the settings; whoever watches them sees it.
            await File.WriteAllTextAsync(file, """{ "Name": "second" }""", stop);
            for (int i = 0; i < 20 && settings["Name"] == "first"; i++) await Task.Delay(100, stop);
            Console.WriteLine($"then {settings["Name"]}");
        }
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task served = Serve(listener, stop);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        string body = await client.GetStringAsync($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/", stop);
        Console.WriteLine(Regex.Replace(body, "l+", m => $"<{m.Length}>"));
        await served;
        log.LogInformation("served {Count} bytes", body.Length);
        life.StopApplication();
    }

    private static async Task Serve(TcpListener listener, CancellationToken stop)
    {
        using TcpClient peer = await listener.AcceptTcpClientAsync(stop);
        NetworkStream stream = peer.GetStream();
        var buffer = new byte[4096];
        _ = await stream.ReadAsync(buffer, stop);
        await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"), stop);
    }
}
