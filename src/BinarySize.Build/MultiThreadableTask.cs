namespace Microsoft.Build.Framework;

/// <summary>
/// Marks a task that keeps no global state and resolves every path against its project, so that a multithreaded MSBuild
/// may run it beside others. MSBuild looks for the attribute by name; hosts before 18.x do not know it.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
