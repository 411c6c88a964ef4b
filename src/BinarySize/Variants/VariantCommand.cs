using System.Text;

namespace BinarySize.Variants;

/// <summary>The command line of <c>dotnet publish</c> for a variant.</summary>
internal static class VariantCommand
{
    /// <summary>The dotnet that runs this, where it says so; otherwise the one on the PATH.</summary>
    public static string Dotnet => System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host) ? host : "dotnet";

    /// <summary>
    /// No server of the build outlives it, and messages are not translated: they are read. Variables that a build which
    /// started this one has set for itself are not handed on.
    /// </summary>
    public static IReadOnlyDictionary<string, string?> Environment { get; } = new Dictionary<string, string?>
    {
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["DOTNET_CLI_UI_LANGUAGE"] = "en",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["MSBUILDTERMINALLOGGER"] = "off",
        ["MSBuildSDKsPath"] = null,
        ["MSBuildExtensionsPath"] = null,
        ["MSBuildLoadMicrosoftTargetsReadOnly"] = null,
        ["MSBUILD_EXE_PATH"] = null,
        ["DOTNET_MSBUILD_SDK_RESOLVER_CLI_DIR"] = null,
    };

    /// <summary>What of the project's own is named on every command line.</summary>
    public static List<string> Common(VariantProject project)
    {
        List<string> arguments = [];
        if (project.HasSeveralFrameworks || project.Request.Framework is not null) arguments.AddRange(["-f", project.Framework]);
        arguments.AddRange(["-r", project.Runtime]);
        return arguments;
    }

    /// <summary>Settings of the project's request and the variant, one value a name.</summary>
    public static IEnumerable<Setting> Settings(VariantProject project, Variant variant)
    {
        var all = variant with { Settings = [.. project.Request.Settings, .. variant.Settings] };
        foreach ((string name, string value) in all.Effective()) yield return new Setting(name, value);
    }

    /// <summary>-p:Name=Value, so that MSBuild reads the value as it is.</summary>
    public static string Argument(Setting setting) => $"-p:{setting.Name}={EscapeValue(setting.Value)}";

    // MSBuild takes a list of properties apart at these.
    public static string EscapeValue(string value) => value.Replace("%", "%25", StringComparison.Ordinal).Replace(";", "%3B", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);

    /// <summary>What a user types to get the same build; null where a command line can't say it.</summary>
    public static string ByHand(VariantProject project, Variant variant)
    {
        var text = new StringBuilder("dotnet publish ").Append(Word(Path.GetFileName(project.File))).Append(" -c ").Append(Word(project.Request.Configuration));
        foreach (string argument in Common(project)) text.Append(' ').Append(Word(argument));
        foreach (Setting setting in Settings(project, variant)) text.Append(' ').Append(Word(Argument(setting)));
        foreach (SettingItem item in variant.Items) text.Append(" [").Append(item.Type).Append(' ').Append(Word(item.Include)).Append(']');
        if (variant.Pack is { } pack) text.Append(" && upx ").Append(pack.Level.Length == 1 ? "-" : "--").Append(pack.Level).Append(pack.Lzma ? " --lzma" : "");
        return text.ToString();
    }

    private static string Word(string word) => word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '=' or ':' or '/' or '%' or '+') ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
