using System.Runtime.CompilerServices;

namespace BinarySize.Tests.Managed;

/// <summary>ReadyToRun images with the compiler's own account of them.</summary>
internal static class CrossgenSamples
{
    /// <summary>Newtonsoft.Json compiled ahead of time for each architecture, and with another assembly into a composite image.</summary>
    public static string Compiled { get; } = Samples.Make("crossgen", [Here()], ["2"], static folder =>
    {
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), "<Project />");
        File.WriteAllText(Path.Combine(folder, "Directory.Packages.props"), "<Project />");
        File.WriteAllText(Path.Combine(folder, "crossgen.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit><RestorePackagesPath>packages</RestorePackagesPath></PropertyGroup>
              <ItemGroup><PackageDownload Include="Microsoft.NETCore.App.Crossgen2.linux-x64" Version="[9.0.21]" /></ItemGroup>
            </Project>
            """);
        Tool.Run("dotnet", "restore", Path.Combine(folder, "crossgen.csproj"), "--nologo");
        string compiler = Path.Combine(folder, "packages", "microsoft.netcore.app.crossgen2.linux-x64", "9.0.21", "tools", "crossgen2");
        Tool.Run("chmod", "+x", compiler);
        string app = Samples.Publish("sqlcli", "--self-contained", "true");
        string json = Path.Combine(app, "Newtonsoft.Json.dll");
        foreach ((string arch, string os) in new[] { ("x64", "linux"), ("arm64", "linux"), ("arm", "linux"), ("x86", "windows") })
        {
            Tool.Run(compiler, json, "-r", Path.Combine(app, "*.dll"), "--targetarch", arch, "--targetos", os, "--map", "--mapcsv", "-O", "-o", Path.Combine(folder, arch + ".dll"));
        }
        Directory.CreateDirectory(Path.Combine(folder, "composite"));
        Tool.Run(compiler, json, Path.Combine(app, "System.CommandLine.dll"), "-r", Path.Combine(app, "*.dll"), "--composite", "--targetos", "linux", "--targetarch", "x64",
            "--mapcsv", "-O", "-o", Path.Combine(folder, "composite", "app.r2r.dll"));
        Directory.Delete(Path.Combine(folder, "packages"), recursive: true);
    });

    private static string Here([CallerFilePath] string path = "") => path;
}
